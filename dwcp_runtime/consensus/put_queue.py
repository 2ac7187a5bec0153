"""Sends batches of writes to the local member, and gives each write its own outcome."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from dwcp_runtime.consensus import transaction
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError, NoAnswerError
from dwcp_runtime.consensus.put_batch import Batch, PutBatcher, Ticket, Write
from dwcp_runtime.consensus.transaction import Conflict, Written

WAIT_SECONDS: Final = 2.0
"""How long a write may wait before it is sent. From then on the gateway's own limit holds."""


class NotSentError(Exception):
    """The write has waited too long for its turn: it was not sent and will not be."""


class PutQueue:
    """All writes of one agent; belongs to one event loop. `committed` is told what each transaction took, in
    seconds."""

    def __init__(
        self,
        gateway: Gateway,
        committed: Callable[[float], None] = lambda _seconds: None,
        *,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._gateway = gateway
        self._committed = committed
        self._wait_seconds = wait_seconds
        self._batcher = PutBatcher()
        self._futures: dict[Ticket, asyncio.Future[Written | Conflict]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._pumped = False

    async def write(self, write: Write) -> Written | Conflict:
        """Raises FullError, NotSentError, and what the gateway raises: its `outcome_unknown` says whether the
        write may have taken effect all the same."""
        loop = asyncio.get_running_loop()
        ticket = self._batcher.add(write, time.monotonic())
        future: asyncio.Future[Written | Conflict] = loop.create_future()
        self._futures[ticket] = future
        if not self._pumped:
            # At the end of this turn of the loop: what arrived together goes out together.
            self._pumped = True
            loop.call_soon(self._pump)
        return await future

    async def close(self) -> None:
        """Wait for what is under way; what still waits is given up."""
        for ticket in self._batcher.expired(time.monotonic(), 0.0):
            self._fail(ticket, NotSentError("the agent ends"))
        await asyncio.gather(*self._tasks)
        if self._timer is not None:
            self._timer.cancel()

    def _pump(self) -> None:
        self._pumped = False
        now = time.monotonic()
        for ticket in self._batcher.expired(now, self._wait_seconds):
            self._fail(ticket, NotSentError(f"it waited {self._wait_seconds:g} s for its turn"))
        while (batch := self._batcher.next(now)) is not None:
            task = asyncio.get_running_loop().create_task(self._send(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._batcher.waiting:
            left = self._batcher.wake(now)
            # Also when nothing can be sent somebody must notice that a write has waited too long.
            delay = self._wait_seconds if left is None else min(left, self._wait_seconds)
            self._timer = asyncio.get_running_loop().call_later(delay, self._pump)

    async def _send(self, batch: Batch) -> None:
        writes = [ticket.write for ticket in batch.tickets]
        took: float | None = None
        try:
            found = await self._commit(writes)
            took = time.monotonic() - batch.sent
        except GatewayError as error:
            for ticket in batch.tickets:
                self._fail(ticket, error)
        except (ValueError, TypeError, LookupError) as error:
            for ticket in batch.tickets:
                self._fail(ticket, NoAnswerError(f"an answer that cannot be read: {error!r}"))
        else:
            self._committed(took)
            for ticket, outcome in zip(batch.tickets, found, strict=True):
                future = self._futures.pop(ticket)
                if not future.done():
                    future.set_result(outcome)
        finally:
            self._batcher.ended(batch, took)
            self._pump()

    async def _commit(self, writes: list[Write]) -> Sequence[Written | Conflict]:
        lone = writes[0]
        if len(writes) == 1 and lone.expected is None and lone.value is not None:
            # A transaction around it costs the leader a tenth more.
            return [Written(revision=await self._gateway.put(lone.key, lone.value))]
        return transaction.outcomes(writes, await self._gateway.txn([], transaction.operations(writes)))

    def _fail(self, ticket: Ticket, error: Exception) -> None:
        future = self._futures.pop(ticket)
        if not future.done():
            future.set_exception(error)
