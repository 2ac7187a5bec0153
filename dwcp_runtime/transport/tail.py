"""The end of a transfer, where blocks are few and streams differ: who takes another, whose go twice. Pure.

A stream that loss has slowed down can need seconds for a block that its neighbours send in a tenth of one.
While there are many blocks that costs nothing; the last ones decide when the whole file is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SLACK: Final = 0.25
"""Seconds by which a stream may be expected to be later than the others: what is known of it is as old."""

TOLERANCE: Final = 1.25
"""Times the expected end: rates vary by as much from one round trip to the next."""

WORTH: Final = 2.0
"""How many times faster a block must come by an idle stream for it to be sent twice."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """A stream: bytes that it took and the peer's kernel has not acknowledged, and the bytes per second that
    it was seen to carry while it had something to send, 0 where that is not known yet."""

    stream: int
    waiting: float
    rate: float

    def until(self, more: float = 0.0) -> float:
        """Seconds until `more` bytes would be there too; none for a stream of which nothing is known."""
        return (self.waiting + more) / self.rate if self.rate > 0 else 0.0


def held(loads: Sequence[Load], *, left: float, block: int) -> frozenset[int]:
    """Streams that would still be busy with another block when the others have sent all: `left` bytes that no
    stream has taken, and what they have taken. Never all of them."""
    rate = sum(load.rate for load in loads)
    if rate <= 0:
        return frozenset()
    end = (left + sum(load.waiting for load in loads)) / rate * TOLERANCE + SLACK
    soonest = min(load.until(block) for load in loads)
    return frozenset(load.stream for load in loads if load.until(block) > max(end, soonest))


def late(loads: Sequence[Load], *, block: int) -> frozenset[int]:
    """With nothing left to take: streams whose blocks would be there sooner if idle ones sent them again.

    An idle stream of which nothing is known counts as fast: a short transfer ends before any rate was seen.
    """
    idle = [load for load in loads if load.waiting <= 0]
    if not idle:
        return frozenset()
    again = min(block / load.rate if load.rate > 0 else 0.0 for load in idle)
    return frozenset(
        load.stream for load in loads if load.waiting > 0 and load.until() > WORTH * again + SLACK
    )
