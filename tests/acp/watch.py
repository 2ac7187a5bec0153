"""Who leads, asked of every member all the time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.acp.history import now
from tests.acp.store import FailedError, Gateway, UnknownError

INTERVAL_S = 0.05
PATIENCE_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A member that said of itself that it leads, and since when nothing else was seen."""

    member: int
    term: int
    at: int


@dataclass(kw_only=True)
class Watch:
    """`leaders` are the changes; `status` is what each member said last, None if it didn't answer."""

    gateway: Gateway
    addresses: Callable[[], Mapping[int, str]]
    leaders: list[Seen] = field(default_factory=list)
    status: dict[int, dict[str, Any] | None] = field(default_factory=dict)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def leader(self) -> int | None:
        """The member that was seen leading in the highest term."""
        return max(self.leaders, key=lambda seen: seen.term).member if self.leaders else None

    def new_leader_after(self, at: int) -> float | None:
        """Seconds from then until a leader of a higher term was seen; None if there was no other."""
        before = max((seen.term for seen in self.leaders if seen.at < at), default=0)
        later = [seen.at for seen in self.leaders if seen.at >= at and seen.term > before]
        return (min(later) - at) / 1e9 if later else None

    async def _run(self) -> None:
        pending: dict[int, asyncio.Task[None]] = {}
        while True:
            known = self.addresses()
            for gone in set(self.status) - set(known):
                del self.status[gone]
            for member, address in known.items():
                if member not in pending or pending[member].done():
                    pending[member] = asyncio.create_task(self._ask(member, address))
            await asyncio.sleep(INTERVAL_S)

    async def _ask(self, member: int, address: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                said = await self.gateway.call(address, "maintenance/status", {})
        except (FailedError, UnknownError, TimeoutError):
            self.status[member] = None
            return
        self.status[member] = said
        if said.get("leader", "0") != said["header"]["member_id"]:
            return
        term = int(said["header"]["raft_term"])
        if all(seen.term != term for seen in self.leaders):
            self.leaders.append(Seen(member=member, term=term, at=now()))
