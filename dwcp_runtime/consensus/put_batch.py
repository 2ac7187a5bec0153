"""Writes in, transactions out: many writes of many clients cost etcd little more than one.

Pure. A batch goes out at once while less than `FREE_BATCHES` are under way. Else it waits for company, until
it is full, or one that is under way ends, or it has waited for `PATIENCE` of what a commit takes: on a long
line that costs a small share of the latency, and on a short one `LEAST_PATIENCE` lets batches grow.

A key stands in one batch at a time: etcd refuses to write one twice within a transaction, and does not order
transactions that are under way together. So writes of one key take effect in the order in which they came.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(eq=False, kw_only=True)
class Ticket:
    """A write that waits or is under way."""

    write: Write
    arrived: float


@dataclass(eq=False, kw_only=True)
class Batch:
    """What goes out as one transaction: at least one write, no key twice."""

    tickets: Sequence[Ticket]
    sent: float


class PutBatcher:
    """All writes of one agent. Times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._waiting: deque[Ticket] = deque()
        self._waiting_bytes = 0
        self._busy: set[bytes] = set()
        self._under_way = 0
        self._commit = 0.0

    @property
    def waiting(self) -> int:
        """Writes that were not sent yet."""
        return len(self._waiting)

    def add(self, write: Write, now: float) -> Ticket:
        """Take a write. Raises FullError."""
        bytes_then = self._waiting_bytes + write.cost
        if len(self._waiting) >= MOST_WAITING or bytes_then > MOST_WAITING_BYTES:
            raise FullError(f"{len(self._waiting)} writes of {self._waiting_bytes} bytes are waiting")
        self._waiting_bytes = bytes_then
        ticket = Ticket(write=write, arrived=now)
        self._waiting.append(ticket)
        return ticket

    def expired(self, now: float, seconds: float) -> list[Ticket]:
        """Take out what has waited for so long; it was not written and will not be."""
        found = []
        while self._waiting and now - self._waiting[0].arrived >= seconds:
            ticket = self._waiting.popleft()
            self._waiting_bytes -= ticket.write.cost
            found.append(ticket)
        return found

    def next(self, now: float) -> Batch | None:
        """A batch to send now, if there is one; ask again until there is none. Tell `ended` of each."""
        if not self._waiting or not self._due(now):
            return None
        chosen = self._choose()
        if not chosen:
            return None
        self._busy.update(ticket.write.key for ticket in chosen)
        self._under_way += 1
        return Batch(tickets=chosen, sent=now)

    def wake(self, now: float) -> float | None:
        """Seconds after which `next` may have one though nothing else happens; None: not before."""
        if not self._waiting or self._under_way < FREE_BATCHES:
            return None
        left = self._waiting[0].arrived + self._patience - now
        # What has waited long enough and did not go is held up by its key, and goes when that is free.
        return left if left > 0 else None

    def ended(self, batch: Batch, seconds: float | None = None) -> None:
        """A batch is not under way any more. `seconds`: what its commit took, None if it failed."""
        self._busy.difference_update(ticket.write.key for ticket in batch.tickets)
        self._under_way -= 1
        if seconds is not None:
            self._commit += (seconds - self._commit) * (_SMOOTHING if self._commit else 1.0)

    @property
    def _patience(self) -> float:
        return min(MOST_PATIENCE, max(LEAST_PATIENCE, PATIENCE * self._commit))

    def _due(self, now: float) -> bool:
        return (
            self._under_way < FREE_BATCHES
            or len(self._waiting) >= MOST_OPERATIONS
            or self._waiting_bytes >= MOST_BATCH_BYTES
            or now - self._waiting[0].arrived >= self._patience
        )

    def _choose(self) -> list[Ticket]:
        chosen: list[Ticket] = []
        held: list[Ticket] = []
        taken: set[bytes] = set()
        room = MOST_BATCH_BYTES
        while self._waiting and len(chosen) < MOST_OPERATIONS:
            ticket = self._waiting[0]
            key, cost = ticket.write.key, ticket.write.cost
            if key in self._busy or key in taken:
                held.append(self._waiting.popleft())
                continue
            if cost > room and chosen:
                break
            self._waiting.popleft()
            chosen.append(ticket)
            taken.add(key)
            room -= cost
        self._waiting.extendleft(reversed(held))
        self._waiting_bytes -= sum(ticket.write.cost for ticket in chosen)
        return chosen
