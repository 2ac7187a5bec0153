"""The transfers that an agent was asked for, and those that others send to it, under one list."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from dwcp_runtime.network import logs
from dwcp_runtime.network.engine import Incoming, NotTakenError, Outgoing
from dwcp_runtime.network.order import Order
from dwcp_runtime.transport.progress import FINAL, Progress, State

MOST_RUNNING: Final = 64
"""Transfers that one agent sends at a time: each takes block buffers and threads."""

MOST_KEPT: Final = 256
"""Ended transfers that can still be asked for."""

_log = logs.logger("transfers")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One transfer in the list: `id` is this agent's name for it, which a later run of the same file does not
    share."""

    id: str
    progress: Progress

    @property
    def ended(self) -> bool:
        """Whether it will not change any more."""
        return self.progress.state in FINAL

    def as_json(self) -> dict[str, Any]:
        """Plain values: `id`, then those of the progress."""
        return {"id": self.id, **self.progress.as_json()}


@dataclass(eq=False, kw_only=True)
class _Run:
    outgoing: Outgoing
    last: Progress | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def progress(self) -> Progress:
        return self.last if self.last is not None else self.outgoing.progress()


class Transfers:
    """Starts, lists, cancels and follows. Belongs to one event loop.

    `send` makes a transfer of an order, `incoming` are those of others.
    """

    def __init__(self, send: Callable[[Order], Outgoing], incoming: Incoming) -> None:
        self._send = send
        self._incoming = incoming
        self._runs: dict[str, _Run] = {}
        self._draining = False

    @property
    def running(self) -> int:
        """How many transfers of this agent's own run."""
        return sum(run.last is None for run in self._runs.values())

    def entries(self) -> list[Entry]:
        """Every transfer that is known: own ones in the order of their start, then incoming ones."""
        own = [Entry(id=key, progress=run.progress()) for key, run in self._runs.items()]
        return own + [Entry(id=each.transfer, progress=each) for each in self._incoming.progress()]

    def get(self, key: str) -> Entry | None:
        """The transfer with this id."""
        run = self._runs.get(key)
        if run is not None:
            return Entry(id=key, progress=run.progress())
        # The same file may have come before: the last run is the one that is meant.
        found = [each for each in self._incoming.progress() if each.transfer == key]
        return Entry(id=key, progress=found[-1]) if found else None

    def start(self, order: Order) -> Entry:
        """Begin a transfer. Raises NotTakenError while draining and when too many run."""
        if self._draining:
            raise NotTakenError("this agent is draining; ask another one, or this one when it is back")
        if self.running >= MOST_RUNNING:
            raise NotTakenError(f"{MOST_RUNNING} transfers run already; wait for one to end, or cancel one")
        run = _Run(outgoing=self._send(order))
        key = secrets.token_hex(8)
        self._runs[key] = run
        run.task = asyncio.create_task(self._to_the_end(key, run), name=f"transfer {key}")
        self._forget()
        logs.event(_log, "transfer-started", id=key, name=order.name, peer=order.region or order.endpoint)
        return Entry(id=key, progress=run.progress())

    def cancel(self, key: str) -> bool:
        """Ask one of this agent's own transfers to end; False where `key` is none of them. One that has ended
        stays as it is."""
        run = self._runs.get(key)
        if run is None:
            return False
        if run.last is None:
            run.outgoing.cancel()
        return True

    async def follow(self, key: str, *, every: float) -> AsyncIterator[Entry]:
        """The transfer now, every `every` seconds, and once more when it has ended; then it stops.

        Stops also when the transfer is forgotten.
        """
        while (entry := self.get(key)) is not None:
            yield entry
            if entry.ended:
                return
            run = self._runs.get(key)
            waiting = run.ended.wait() if run is not None else asyncio.Event().wait()
            try:
                async with asyncio.timeout(every):
                    await waiting
            except TimeoutError:
                pass

    def drain(self) -> None:
        """Start nothing more, here and for others. Repeatable."""
        self._draining = True
        self._incoming.drain()

    async def wait_idle(self) -> None:
        """Until nothing runs, own or incoming."""
        for run in list(self._runs.values()):
            await run.ended.wait()
        await self._incoming.wait_idle()

    async def cut(self, *, patience: float) -> int:
        """Cancel what still runs here, tell the senders of what still comes to take it up again later, and
        say how many own ones that were. What does not end within `patience` seconds is not waited for."""
        if patience > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._incoming.interrupt()
        cut = [run for run in self._runs.values() if run.last is None]
        for run in cut:
            run.outgoing.cancel()
        tasks = [run.task for run in cut if run.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        return len(cut)

    async def _to_the_end(self, key: str, run: _Run) -> None:
        try:
            run.last = await run.outgoing.run()
        except asyncio.CancelledError:
            run.last = _closed(run.outgoing.progress(), State.CANCELLED, "cut short", "cancelled")
            raise
        except Exception as error:
            # The engine promises not to raise; a fault in one transfer must not take the agent along.
            logs.fault(_log, "transfer-fault", error, id=key)
            words = f"a fault of the agent's own: {type(error).__name__}"
            run.last = _closed(run.outgoing.progress(), State.FAILED, words, "internal")
        finally:
            if run.last is not None and run.last.state not in FINAL:
                run.last = _closed(run.last, State.FAILED, "ended without an outcome", "internal")
            run.ended.set()
            last = run.progress()
            logs.event(
                _log,
                "transfer-ended",
                id=key,
                state=last.state.value,
                code=last.code,
                error=last.error,
                seconds=round(last.elapsed, 3),
                size=last.size,
                wire=last.wire,
            )

    def _forget(self) -> None:
        ended = [key for key, run in self._runs.items() if run.last is not None]
        for key in ended[: max(0, len(ended) - MOST_KEPT)]:
            del self._runs[key]


def _closed(progress: Progress, state: State, error: str, code: str) -> Progress:
    return progress if progress.state in FINAL else replace(progress, state=state, error=error, code=code)
