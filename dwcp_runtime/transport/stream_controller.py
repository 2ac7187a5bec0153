"""How many data streams a transfer should have. Pure: samples come in, a count comes out.

It climbs: more streams as long as they bring more, then fewer as long as they do as well. What it learned
about a count holds until the path changes or the knowledge is old, so that a steady path sees a steady count.

With a congestion control that loss does not frighten (BBR) one stream fills a clean path and the search ends
where it began. Where loss caps each stream (Mathis et al., 1997: MSS / RTT * 1.22 / sqrt(loss) for Reno, and
alike for CUBIC in small windows) streams add up, and the search goes on until the link is full.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from dwcp_runtime.transport.progress import Limit

GROWS_UNDER: Final = frozenset({Limit.LINK, Limit.SEND_BUFFER, Limit.RECEIVER_WINDOW})
"""Limits that more streams can lift: each stream has its own congestion window, buffer and receive window."""

START: Final = 2
GAIN: Final = 0.05
"""Share that more streams must add to be kept. Where doubling adds less, the smaller count is within 95%."""

TOLERANCE: Final = 0.03
"""Share that may be missing with fewer streams for them to do as well."""

OBVIOUS: Final = 0.5
"""A gain beyond it is believed at once, and the next step is twice as wide; a loss of a fifth is too."""

SETTLE: Final = (1.0, 4.0)
"""Least and most seconds after a change before anything is measured; in between ten round trips."""

MEASURE: Final = 2.0
"""Seconds over which a count is measured."""

GLANCE: Final = 0.5
"""Seconds after which a measurement may be ended because its outcome is obvious."""

PATIENCE: Final = 10.0
"""Seconds to wait for streams that were asked for; then those that came are measured."""

MEMORY: Final = 120.0
"""Seconds after which what was learned is tried anew, once; then twice as many, up to eight times."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How many streams are allowed: by the settings, and by what the agent's pool has room for."""

    minimum: int = 1
    maximum: int = 512
    room: int = 512

    @property
    def high(self) -> int:
        """The most there may be now: at least one, whatever else is said."""
        return max(1, min(self.maximum, self.room))

    @property
    def low(self) -> int:
        """The least there should be."""
        return max(1, min(self.minimum, self.high))


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a transfer saw up to `now` (seconds of a monotonic clock).

    `delivered` counts bytes that the peer's kernels acknowledged since the transfer began, over all streams
    that it ever had. `rtt` is in seconds. `loss` is the share of bytes sent again in the interval that ends
    now, 0 to 1. `limit` is what that interval belongs to, `streams` how many really are connected.
    """

    now: float
    delivered: int
    rtt: float
    loss: float
    limit: Limit
    streams: int


class _Phase(Enum):
    STEADY = "steady"
    GROWN = "grown"
    SHRUNK = "shrunk"


@dataclass(kw_only=True)
class _Window:
    """A measurement of one count."""

    changed: float
    begin: Sample | None = None
    last: Sample | None = None
    liftable: float = 0.0
    lossy: float = 0.0

    @property
    def seconds(self) -> float:
        return self.last.now - self.begin.now if self.begin and self.last else 0.0

    @property
    def rate(self) -> float:
        if not self.begin or not self.last or self.seconds <= 0:
            return 0.0
        return (self.last.delivered - self.begin.delivered) / self.seconds

    @property
    def may_grow(self) -> bool:
        """Whether most of it was spent under a limit that more streams can lift."""
        return self.liftable > self.seconds / 2

    @property
    def loss(self) -> float:
        return self.lossy / self.seconds if self.seconds > 0 else 0.0

    def add(self, sample: Sample) -> None:
        span = sample.now - self.last.now if self.last else 0.0
        self.liftable += span if sample.limit in GROWS_UNDER else 0.0
        self.lossy += span * sample.loss
        self.last = sample


@dataclass(frozen=True, kw_only=True)
class _Path:
    """What the path was like when something was learned of it."""

    rate: float
    loss: float
    liftable: bool


class StreamController:
    """The count of one transfer. Feed it a sample every quarter of a second or so."""

    def __init__(self, *, start: int = START) -> None:
        self._count = max(1, start)
        self._phase = _Phase.STEADY
        self._window: _Window | None = None
        self._reference = 0.0
        self._from = self._count
        self._stride = 2
        # What is known: `_short` streams are too few, `_useless` bring no more than fewer do.
        self._short = 0
        self._useless: int | None = None
        self._path: _Path | None = None
        self._learned = 0.0
        self._memory = MEMORY

    @property
    def desired(self) -> int:
        """The count that was last decided."""
        return self._count

    def decide(self, sample: Sample, bounds: Bounds) -> int:
        """Take a sample in and say how many streams there should be. Samples may come at any pace."""
        if self._window is None:
            self._learned = sample.now
            self._restart(sample.now)
        if not bounds.low <= self._count <= bounds.high:
            # Not an experiment: what was compared with is gone.
            self._phase = _Phase.STEADY
            self._move(min(max(self._count, bounds.low), bounds.high), sample.now)
        window = self._window
        assert window is not None
        if window.begin is None:
            waited = sample.now - window.changed
            least, most = SETTLE
            ready = sample.streams == self._count or waited >= PATIENCE
            if ready and waited >= min(most, max(least, 10 * sample.rtt)):
                window.begin = window.last = sample
            return self._count
        if sample.streams != window.begin.streams:
            # A stream was lost or came late: what was measured belongs to no count.
            self._restart(sample.now)
            return self._count
        window.add(sample)
        if window.seconds >= MEASURE or (window.seconds >= GLANCE and self._obvious(window.rate)):
            self._judge(window, sample, bounds)
        return self._count

    def _obvious(self, rate: float) -> bool:
        if self._phase is _Phase.GROWN:
            return rate >= self._reference * (1 + OBVIOUS)
        return self._phase is _Phase.SHRUNK and rate < self._reference * 0.8

    def _judge(self, window: _Window, sample: Sample, bounds: Bounds) -> None:
        rate, now = window.rate, sample.now
        path = _Path(rate=rate, loss=window.loss, liftable=window.may_grow)
        if rate <= 0:
            # Nothing arrives, whatever the count: an outage teaches nothing.
            self._phase = _Phase.STEADY
            self._restart(now)
            return
        if self._phase is _Phase.GROWN:
            gained = rate - self._reference
            self._phase = _Phase.STEADY
            if gained >= GAIN * self._reference:
                self._short = self._from
                self._path = path
                self._stride = 4 if gained >= OBVIOUS * self._reference else 2
            else:
                self._useless = self._count
                self._stride = 2
                self._move(self._from, now)
                return
        elif self._phase is _Phase.SHRUNK:
            self._phase = _Phase.STEADY
            if rate < (1 - TOLERANCE) * self._reference:
                self._short = self._count
                self._move(self._from, now)
                return
            self._useless = self._from
        else:
            self._reference = rate
        self._notice(path, now)
        if window.may_grow and (target := self._more(bounds)) is not None:
            self._try(_Phase.GROWN, target, rate, now)
        elif (target := self._fewer(bounds)) is not None:
            # Through a series of steps down the first rate stays the measure, or small losses would add up.
            self._try(_Phase.SHRUNK, target, max(rate, self._reference), now)
        else:
            self._restart(now)

    def _more(self, bounds: Bounds) -> int | None:
        """A higher count of which it is not known that it brings nothing."""
        if self._count >= bounds.high or (self._useless is not None and self._useless <= self._count * 2):
            return None
        target = min(self._count * self._stride, bounds.high)
        return target if self._useless is None else min(target, self._useless - 1)

    def _fewer(self, bounds: Bounds) -> int | None:
        """A lower count of which it is not known that it is too few; none where it would hardly save."""
        low = max(self._short, bounds.low - 1)
        if self._count <= bounds.low or self._count - low <= max(1, self._count // 8):
            return None
        return (low + self._count) // 2 if low else self._count // 2

    def _notice(self, path: _Path, now: float) -> None:
        """Forget what does not hold any more: because the path changed, or because it was long ago."""
        known = self._path
        if known is not None and _changed(known, path):
            self._memory = MEMORY
            self._forget(now)
        elif now - self._learned >= self._memory:
            self._memory = min(self._memory * 2, MEMORY * 8)
            self._forget(now)
        if self._path is None:
            self._path = path

    def _forget(self, now: float) -> None:
        self._short, self._useless, self._path, self._stride = 0, None, None, 2
        self._learned = now

    def _try(self, phase: _Phase, target: int, rate: float, now: float) -> None:
        self._phase, self._from, self._reference = phase, self._count, rate
        self._move(target, now)

    def _move(self, count: int, now: float) -> None:
        self._count = count
        self._restart(now)

    def _restart(self, now: float) -> None:
        self._window = _Window(changed=now)


def _changed(before: _Path, after: _Path) -> bool:
    """Whether a path is another than it was, beyond noise: loss by a factor, rate by a third, the limit."""
    floor = 2e-4
    worse, better = max(before.loss, after.loss, floor), max(min(before.loss, after.loss), floor)
    return (
        worse > 4 * better
        or max(before.rate, after.rate) > 1.33 * min(before.rate, after.rate)
        or before.liftable != after.liftable
    )
