"""What kept a transfer from being faster, from times that were measured anyway. Pure.

Seen from the sender of the file, which knows its own disk, encoder and sockets, and hears of the receiver by
its reports.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from dwcp_runtime.transport.progress import Limit

SATURATED: Final = 0.9
"""Share of the time on the CPU from which a thread is the limit: it cannot take more on without waiting."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """What happened in an interval of `seconds`. Times of several streams or workers are added up.

    `starved`: streams had no block to send. `busy`, `rwnd_limited`, `sndbuf_limited`: differences of TCP_INFO
    over the interval. `reading`, `encoding`: workers read the source, or hashed and encoded. `loop_cpu`: the
    event loop's thread was on the CPU, which includes TLS. `sending`: threads that send were, TLS included.
    `sink`, `decoding`, `idle`: from the receiver's reports of the interval, all 0 if there was none.
    """

    seconds: float
    streams: int
    starved: float = 0.0
    busy: float = 0.0
    rwnd_limited: float = 0.0
    sndbuf_limited: float = 0.0
    reading: float = 0.0
    encoding: float = 0.0
    loop_cpu: float = 0.0
    sending: float = 0.0
    sink: float = 0.0
    decoding: float = 0.0
    idle: float = 0.0


def limit_of(interval: Interval) -> Limit:
    """The one limit to which an interval belongs: where most of the streams' time went.

    A receiver's full window is traced to what the receiver did meanwhile: its disk, its CPU (decoding), or
    nothing, and then the window itself is too small for the path. Streams without a block are traced to what
    the workers did: read, or encode; if neither, blocks wait for answers from afar, which is the link.
    """
    if interval.seconds > 0 and interval.loop_cpu >= SATURATED * interval.seconds:
        return Limit.CPU
    total = interval.streams * interval.seconds
    if total <= 0:
        return Limit.LINK
    starved = min(1.0, interval.starved / total)
    sending = 1.0 - starved
    window = sending * _share(interval.rwnd_limited, interval.busy)
    buffer = sending * min(_share(interval.sndbuf_limited, interval.busy), 1.0 - window)
    cpu = min(max(0.0, sending - window - buffer), interval.sending / total)
    shares = (
        (max(0.0, sending - window - buffer - cpu), Limit.LINK),
        (cpu, Limit.CPU),
        (starved, _of_the_source(interval)),
        (window, _of_the_receiver(interval)),
        (buffer, Limit.SEND_BUFFER),
    )
    return max(shares, key=lambda share: share[0])[1]


@dataclass(kw_only=True)
class LimitedTime:
    """Seconds by limit since a transfer began. They add up to the time that was put in."""

    seconds: dict[Limit, float] = field(default_factory=lambda: dict.fromkeys(Limit, 0.0))
    last: Limit | None = None

    def add(self, interval: Interval) -> Limit:
        """Put an interval in and say what limited it."""
        self.last = limit_of(interval)
        self.seconds[self.last] += max(0.0, interval.seconds)
        return self.last

    @property
    def elapsed(self) -> float:
        """The sum over all limits."""
        return sum(self.seconds.values())


def _of_the_source(interval: Interval) -> Limit:
    if interval.reading <= 0 and interval.encoding <= 0:
        return Limit.LINK
    return Limit.DISK_SOURCE if interval.reading >= interval.encoding else Limit.ENCODER


def _of_the_receiver(interval: Interval) -> Limit:
    most = max(interval.sink, interval.decoding, interval.idle)
    if most <= 0 or most == interval.idle:
        return Limit.RECEIVER_WINDOW
    return Limit.DISK_SINK if most == interval.sink else Limit.CPU


def _share(part: float, whole: float) -> float:
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0
