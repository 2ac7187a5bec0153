"""One trial: a group under load, a fault, and what must hold afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.acp.group import Group
from tests.acp.history import now, violation
from tests.acp.load import Load
from tests.acp.store import Store

WARM_UP_S = 1.5
COOL_DOWN_S = 1.0
UNANSWERED_S = 90
"""How long the last reads are tried."""


class BrokenPromiseError(Exception):
    """Something that must hold under every fault did not."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a trial cost its clients.

    Attributes:
        new_leader_s: From the loss of a leader until another led, the longest of all; None if none was lost.
        unavailable_s: The longest time in which no client was answered.
        healthy_s: From the end of the fault until the group was odd and whole.
    """

    name: str
    new_leader_s: float | None
    unavailable_s: float
    healthy_s: float
    operations: int
    unknown: int

    def line(self) -> str:
        leader = "-" if self.new_leader_s is None else f"{self.new_leader_s:.2f} s"
        return (
            f"{leader:>10} {self.unavailable_s:8.2f} s {self.healthy_s:8.1f} s {self.operations:8} "
            f"{self.unknown:8}  {self.name}"
        )


HEADING = f"{'new leader':>10} {'unavailable':>10} {'healthy':>9} {'answers':>8} {'unknown':>8}  under load"


async def trial(
    name: str,
    group: Group,
    store: Store,
    fault: Callable[[], Awaitable[None]],
    *,
    voters: int,
    seed: int,
    within_s: float = 60,
) -> Measured:
    """Run a fault under load. The fault heals what it broke before it ends.

    Raises BrokenPromiseError when an acknowledged write is lost or the history is not linearizable, and
    NotHealthyError when the group isn't `voters` healthy members within that time after the fault.
    """
    load = Load(store, group.addresses, seed=seed)
    load.start()
    await asyncio.sleep(WARM_UP_S)
    begin = now()
    try:
        await fault()
        healthy = await group.healthy(voters, seconds=within_s)
        end = now()
        await asyncio.sleep(COOL_DOWN_S)
    finally:
        await load.stop()
    path = group.folder / f"history-{seed}"
    await _keeps_promises(load, path)
    return Measured(
        name=name,
        new_leader_s=group.new_leader_s(begin),
        unavailable_s=load.history.longest_gap(begin, end),
        healthy_s=healthy,
        operations=len(load.history.acknowledged()),
        unknown=sum(one.outcome == "unknown" for one in load.history.operations),
    )


async def _keeps_promises(load: Load, path: Path) -> None:
    try:
        await all_is_kept(load)
    finally:
        load.history.write(path)
    if wrong := await asyncio.to_thread(violation, path):
        raise BrokenPromiseError(f"{wrong}; the history is {path}")
    if not load.history.acknowledged():
        raise BrokenPromiseError(f"nothing was ever acknowledged: {load.complaints}")


async def all_is_kept(load: Load) -> None:
    """Raise BrokenPromiseError unless everything that was acknowledged can be read."""
    give_up = now() + UNANSWERED_S * 1e9
    while lost := await load.read_all():
        if now() > give_up or not all("not readable" in line for line in lost):
            raise BrokenPromiseError(
                f"{len(lost)} acknowledged writes are lost: {'; '.join(lost[:5])}; {load.complaints}"
            )
