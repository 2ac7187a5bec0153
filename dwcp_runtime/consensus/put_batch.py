"""Writes in, transactions out: many writes of many clients cost etcd little more than one.

Pure. A batch goes out at once while less than `FREE_BATCHES` are under way. Else it waits for company, until
it is full, or one that is under way ends, or it has waited for `PATIENCE` of what a commit takes: on a long
line that costs a small share of the latency, and on a short one `LEAST_PATIENCE` lets batches grow.

A key stands in one batch at a time: etcd refuses to write one twice within a transaction, and does not order
transactions that are under way together. So writes of one key take effect in the order in which they came,
and one that is held back by its key tells nothing of how long the others have waited for company.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

MOST_OPERATIONS: Final = 127
"""One less than etcd's --max-txn-ops, whose default is 128: the operation inside a conditional write counts
on top of those around it."""

MOST_BATCH_BYTES: Final = 1_400_000
"""Of keys and values. etcd's --max-request-bytes is 1.5 MiB (1,572,864 bytes) by default."""

WRITE_OVERHEAD_BYTES: Final = 128
"""What a write's comparison and the lengths of its fields take on top of key and value, at most."""

MOST_VALUE_BYTES: Final = 1 << 20

FREE_BATCHES: Final = 4
PATIENCE: Final = 0.05
LEAST_PATIENCE: Final = 0.003
"""Seconds."""
MOST_PATIENCE: Final = 0.02
"""Seconds."""

MOST_WAITING: Final = 8192
"""Writes that wait to be sent; with more, the newest is refused."""

MOST_WAITING_BYTES: Final = 64 << 20

_SMOOTHING: Final = 0.1
"""Weight of the newest commit in the mean."""


class FullError(Exception):
    """Too much waits already; nothing was written."""


@dataclass(frozen=True, kw_only=True)
class Write:
    """`value` None deletes. With `expected` the write takes effect only if the key was last written at that
    revision, 0: if it isn't there."""

    key: bytes
    value: bytes | None
    expected: int | None = None

    @property
    def cost(self) -> int:
        """Bytes of the request, at most. The key stands in the operation, the comparison and the read."""
        return WRITE_OVERHEAD_BYTES + 3 * len(self.key) + len(self.value or b"")


class _State(Enum):
    HELD = "another write of its key goes first"
    READY = "it may go"
    OVER = "it went, or waited too long"


@dataclass(eq=False, kw_only=True)
class Ticket:
    """A write that waits or is under way."""

    write: Write
    arrived: float
    state: _State = _State.HELD


@dataclass(eq=False, kw_only=True)
class Batch:
    """What goes out as one transaction: at least one write, no key twice."""

    tickets: Sequence[Ticket]
    sent: float


class PutBatcher:
    """All writes of one agent. Times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        # Each in the order of arrival; of `_all` and `_ready` those that are over are dropped when they come
        # to the front.
        self._all: deque[Ticket] = deque()
        self._ready: list[tuple[float, int, Ticket]] = []
        self._held: dict[bytes, deque[Ticket]] = {}
        self._taken: set[bytes] = set()
        self._number = 0
        self._waiting = 0
        self._waiting_bytes = 0
        self._ready_count = 0
        self._ready_bytes = 0
        self._under_way = 0
        self._commit = 0.0

    @property
    def waiting(self) -> int:
        """Writes that were not sent yet."""
        return self._waiting

    def add(self, write: Write, now: float) -> Ticket:
        """Take a write. Raises FullError."""
        bytes_then = self._waiting_bytes + write.cost
        if self._waiting >= MOST_WAITING or bytes_then > MOST_WAITING_BYTES:
            raise FullError(f"{self._waiting} writes of {self._waiting_bytes} bytes are waiting")
        self._waiting += 1
        self._waiting_bytes = bytes_then
        ticket = Ticket(write=write, arrived=now)
        self._all.append(ticket)
        if write.key in self._taken:
            self._held.setdefault(write.key, deque()).append(ticket)
        else:
            self._taken.add(write.key)
            self._make_ready(ticket)
        return ticket

    def expired(self, now: float, seconds: float) -> list[Ticket]:
        """Take out what has waited for so long; it was not written and will not be."""
        found = []
        while self._all and (self._all[0].state is _State.OVER or now - self._all[0].arrived >= seconds):
            ticket = self._all.popleft()
            if ticket.state is _State.OVER:
                continue
            was = ticket.state
            self._take_out(ticket)
            if was is _State.READY:
                self._release(ticket.write.key)
            found.append(ticket)
        return found

    def next(self, now: float) -> Batch | None:
        """A batch to send now, if there is one; ask again until there is none. Tell `ended` of each."""
        if self._oldest is None or not self._due(now):
            return None
        self._under_way += 1
        return Batch(tickets=self._choose(), sent=now)

    def wake(self, now: float) -> float | None:
        """Seconds after which `next` may have one though nothing else happens; None: not before."""
        oldest = self._oldest
        if oldest is None or self._under_way < FREE_BATCHES:
            return None
        return max(0.0, oldest.arrived + self._patience - now)

    def ended(self, batch: Batch, seconds: float | None = None) -> None:
        """A batch is not under way any more. `seconds`: what its commit took, None if it failed."""
        for ticket in batch.tickets:
            self._release(ticket.write.key)
        self._under_way -= 1
        if seconds is not None:
            self._commit += (seconds - self._commit) * (_SMOOTHING if self._commit else 1.0)

    @property
    def _patience(self) -> float:
        return min(MOST_PATIENCE, max(LEAST_PATIENCE, PATIENCE * self._commit))

    @property
    def _oldest(self) -> Ticket | None:
        """Of what may go."""
        while self._ready and self._ready[0][2].state is _State.OVER:
            heapq.heappop(self._ready)
        return self._ready[0][2] if self._ready else None

    def _due(self, now: float) -> bool:
        oldest = self._oldest
        return (
            self._under_way < FREE_BATCHES
            or self._ready_count >= MOST_OPERATIONS
            or self._ready_bytes >= MOST_BATCH_BYTES
            or (oldest is not None and now - oldest.arrived >= self._patience)
        )

    def _choose(self) -> list[Ticket]:
        chosen: list[Ticket] = []
        room = MOST_BATCH_BYTES
        while len(chosen) < MOST_OPERATIONS and (ticket := self._oldest) is not None:
            cost = ticket.write.cost
            if cost > room and chosen:
                break
            heapq.heappop(self._ready)
            self._take_out(ticket)
            chosen.append(ticket)
            room -= cost
        return chosen

    def _make_ready(self, ticket: Ticket) -> None:
        ticket.state = _State.READY
        self._ready_count += 1
        self._ready_bytes += ticket.write.cost
        self._number += 1
        heapq.heappush(self._ready, (ticket.arrived, self._number, ticket))

    def _take_out(self, ticket: Ticket) -> None:
        if ticket.state is _State.READY:
            self._ready_count -= 1
            self._ready_bytes -= ticket.write.cost
        ticket.state = _State.OVER
        self._waiting -= 1
        self._waiting_bytes -= ticket.write.cost

    def _release(self, key: bytes) -> None:
        """The next write of the key may go."""
        held = self._held.get(key, deque())
        while held:
            ticket = held.popleft()
            if ticket.state is _State.HELD:
                self._make_ready(ticket)
                return
        self._held.pop(key, None)
        self._taken.discard(key)
