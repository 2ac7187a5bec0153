"""What a sender measures, and what follows from it: how many streams, which level, what limits it.

The decisions are made elsewhere (`stream_controller`, `level_choice`, `bottleneck`), without I/O; here the
kernel is asked and differences are taken.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Collection
from typing import Final

from dwcp_runtime.encoding.encoded import Codec
from dwcp_runtime.encoding.level_choice import LevelChoice
from dwcp_runtime.transport import socket_options, tcp_info
from dwcp_runtime.transport.block_feed import WORKERS, BlockFeed, Ready
from dwcp_runtime.transport.bottleneck import Interval, LimitedTime
from dwcp_runtime.transport.frames import Report
from dwcp_runtime.transport.limits import MAX_STREAMS
from dwcp_runtime.transport.pacing import PacingCaps
from dwcp_runtime.transport.progress import Limit
from dwcp_runtime.transport.random_loss import RandomLoss
from dwcp_runtime.transport.send_book import SendBook
from dwcp_runtime.transport.send_burst import NEAR
from dwcp_runtime.transport.send_request import SendRequest
from dwcp_runtime.transport.send_stream import SendStream
from dwcp_runtime.transport.socket_options import SocketPlan
from dwcp_runtime.transport.stream_controller import Bounds, Sample, StreamController
from dwcp_runtime.transport.tail import Load
from dwcp_runtime.transport.tcp_info import TcpInfo

FIRST: Final = 8
"""Streams to begin with: together they find the rate of a path in a few round trips, also where loss slows
each one down. Where fewer do as well, the controller goes down to them."""

BBR_STREAMS: Final = 8
"""Most streams under BBR, which loss does not slow down: more of them only fill the queue before the
narrowest link, and lose what overflows. Over 1 Gbit/s and 150 ms with one packet in a hundred lost, iperf3
carries 74 Mbit/s by one, 786 by 8 and 609 by 32."""

LOSSY_STREAMS: Final = 16
"""The same where the path loses packets by itself. Over 1 Gbit/s, 150 ms and one packet in a hundred lost,
625 MB took 13 to 17 s by 8 streams and 8.4 to 9.3 s by 16."""

MAYBE_FAST: Final = 0.005
"""Seconds of round trip up to which a path may be as fast as memory: an unknown one is tried by sending
raw."""

FAR_LINK: Final = 25e6
"""Bytes per second that a longer path is taken to carry until it is seen to carry more or less. To try it by
sending raw would cost as many bytes as the whole delta of an image."""

CALM: Final = 20.0
"""Seconds in which a transfer over BBR keeps the streams that it began with. They are enough; that fewer
might do is worth a trial only when there is time left to gain from it."""

QUEUE_RTT: Final = 1.25
"""Times the shortest round trip, beside a millisecond, from which on packets wait in a queue. A tenth more is
seen of a path without one where either end is short of CPU time."""

HOLD: Final = 6.0
"""Seconds from the expected end in which the count of streams stays: a trial takes as long."""

_SMOOTH: Final = 0.2
"""Weight of the latest interval in the rate that is shown: a second or so of memory."""

_BUSY: Final = 0.02
"""Seconds with something to send from which an interval tells a stream's rate."""

_MEMORY: Final = 0.6
"""Seconds of what came before that a stream's rate remembers: intervals become short at the end, and
acknowledgements come in bursts."""

_U32: Final = (1 << 32) - 1
_MICRO: Final = 1e-6
_MILLI: Final = 1e-3


class SendSteering:
    """The measurements of one transfer, across its sessions. `room` is how many streams the agent's pool has
    left for it, `wants` hears how many it would like. Rates are bytes per second, times seconds."""

    def __init__(
        self,
        request: SendRequest,
        *,
        room: Callable[[], int] = lambda: MAX_STREAMS,
        wants: Callable[[int], None] = lambda streams: None,
    ) -> None:
        self.rate = 0.0
        self.rtt = 0.0
        self.retransmits = 0
        self.congestion = ""
        self.most_streams = 0
        self.limited = LimitedTime()
        self._request = request
        self._room = room
        self._wants = wants
        self.streams_at_first = max(request.streams[0], min(FIRST, request.streams[1]))
        self._controller = StreamController(start=self.streams_at_first)
        self._level: LevelChoice | None = None
        self._before: dict[SendStream, TcpInfo] = {}
        self._began: float | None = None
        self._delivered = 0
        self._link = 0.0
        self._guessed = False
        self._near = False
        self.loads: list[Load] = []
        """The streams at the last tick."""
        self._rates: dict[SendStream, float] = {}
        self._caps = PacingCaps()
        self._loss = RandomLoss()
        self._ceilings = socket_options.buffer_ceilings()
        self._last: tuple[float, float, float, float, float, float, int] | None = None
        self._reports: list[Report] = []

    @property
    def limit(self) -> Limit | None:
        """What limited the latest interval."""
        return self.limited.last

    def encoding(self, *, threads: int, references: bool) -> None:
        """A session begins: how many blocks are encoded at a time, and whether there is anything to refer
        to."""
        if self._request.level and self._level is None:
            self._level = LevelChoice(
                ceiling=self._request.level,
                threads=threads,
                references=references,
                fast=self._near and not references,
            )
            if references:
                self._caps = PacingCaps(begin=FAR_LINK / 2)

    @property
    def level(self) -> int | None:
        """The zstd level in use, None for raw."""
        return self._level.level if self._level else None

    def next_level(self) -> int | None:
        """The zstd level for the next block."""
        return self._level.next() if self._level else None

    def encoded(self, ready: Ready) -> None:
        """A block was encoded: what it cost and gave."""
        if self._level is not None and ready.encoded.codec is not Codec.ZERO:
            self._level.observe(
                ready.level, ready.encoded.raw_length, ready.encoded.body_length, ready.seconds
            )

    def reported(self, report: Report) -> None:
        """The receiver said what it spends its time on."""
        self._reports.append(report)

    def plan(self) -> SocketPlan:
        """What to ask of the kernel for another data connection, by what the path was found to be."""
        streams = max(1, self._controller.desired)
        size = socket_options.buffer_for(self._link / streams, self.rtt, self._ceilings.send)
        return SocketPlan(congestion=(self._request.congestion,), send_buffer=size)

    def reached(self, sock: socket.socket) -> None:
        """The control connection stands. On a near path the processors are what limits: the transfer
        begins with a stream for each."""
        found = tcp_info.read(sock)
        self._near = found is not None and found.near(NEAR)
        if self._began is None and self._near:
            few = min(self.streams_at_first, WORKERS)
            self._controller = StreamController(start=max(self._request.streams[0], few))

    def prepare(self, sock: socket.socket) -> None:
        """A data connection begins."""
        if self._request.rate_limit is not None:
            self._pace(sock, self._controller.desired)
        self.congestion = socket_options.facts(sock).congestion

    def joined(self, streams: int) -> None:
        """With another data connection there are so many."""
        self.most_streams = max(self.most_streams, streams)

    def _pace(self, sock: socket.socket, streams: int) -> None:
        socket_options.pace(sock, socket_options.pacing_share(self._request.rate_limit, streams))

    def tick(self, now: float, streams: Collection[SendStream], feed: BlockFeed, book: SendBook) -> int:
        """Look at everything, and say how many streams there should be."""
        acked = sent = again = 0
        busy = rwnd = sndbuf = 0.0
        rtts: list[float] = []
        shortest = math.inf
        arrived: dict[int, int] = {}
        after: dict[SendStream, TcpInfo] = {}
        for stream in streams:
            found = tcp_info.read(stream.link.channel.sock)
            if found is None:
                continue
            after[stream] = found
            rtts.append(found.rtt)
            shortest = min(shortest, found.min_rtt or found.rtt)
            before = self._before.get(stream)
            if before is None:
                continue
            acked += found.bytes_acked - before.bytes_acked
            sent += found.bytes_sent - before.bytes_sent
            again += found.bytes_retrans - before.bytes_retrans
            self.retransmits += found.retrans_total - before.retrans_total
            busy += found.busy_time - before.busy_time
            arrived[stream.number] = ((found.delivered - before.delivered) & _U32) * found.mss
            self._learn_rate(stream, arrived[stream.number], found.busy_time - before.busy_time)
            rwnd += found.rwnd_limited - before.rwnd_limited
            sndbuf += found.sndbuf_limited - before.sndbuf_limited
        self._before = after
        self._rates = {stream: rate for stream, rate in self._rates.items() if stream in after}
        self.loads = [self._load(stream, found, book.block_size) for stream, found in after.items()]
        self._delivered += acked
        self.rtt = sorted(rtts)[len(rtts) // 2] if rtts else self.rtt
        seconds = self._interval(now, streams, feed, book, busy=busy, rwnd=rwnd, sndbuf=sndbuf)
        if seconds > 0:
            queued = self.rtt > shortest * QUEUE_RTT + _MILLI
            self._cap(
                streams,
                {number: count / seconds for number, count in arrived.items()},
                queued=queued,
                clean=shortest > MAYBE_FAST and not self._loss.seen,
            )
            self._hear_of_loss(sent, again, queued=queued)
            self._link = max(acked / seconds, 0.9 * self._link)
        if self._level is not None and seconds > 0 and self.rtt > 0:
            if not self._guessed and self.rtt > MAYBE_FAST:
                self._level.link(FAR_LINK, limited_by_encoder=False, seconds=seconds)
            self._guessed = True
            # Where a disk is the limit, nothing is learned of the link.
            seen = 0.0 if self.limited.last in (Limit.DISK_SOURCE, Limit.DISK_SINK) else acked / seconds
            self._level.link(seen, limited_by_encoder=self.limited.last is Limit.ENCODER, seconds=seconds)
            self._level.sink(self.rate if self.limited.last is Limit.DISK_SINK else None)
        if self._calm(now) or self._nearly_done(book):
            return self._controller.desired
        wanted = self._controller.decide(
            Sample(
                now=now,
                delivered=self._delivered,
                rtt=self.rtt,
                loss=min(1.0, again / sent) if sent > 0 else 0.0,
                limit=self.limited.last or Limit.LINK,
                streams=len(streams),
            ),
            self._bounds(),
        )
        self._wants(wanted)
        if self._request.rate_limit is not None:
            for stream in streams:
                self._pace(stream.link.channel.sock, max(wanted, len(streams)))
        return wanted

    def _cap(
        self, streams: Collection[SendStream], rates: dict[int, float], *, queued: bool, clean: bool
    ) -> None:
        """Keep BBR from pacing beyond what arrives. A limit of the rate is lower than that anyway."""
        if self.congestion != "bbr" or self._request.rate_limit is not None or not rates:
            return
        caps = self._caps.look(rates, queued=queued, clean=clean) or {}
        for stream in streams:
            if (cap := caps.get(stream.number)) is not None:
                socket_options.pace(stream.link.channel.sock, cap)

    def _hear_of_loss(self, sent: int, again: int, *, queued: bool) -> None:
        """Over BBR: begin anew with more streams when the path is seen to lose packets by itself."""
        if self.congestion != "bbr" or self._loss.seen or not self._loss.look(sent, again, queued=queued):
            return
        wanted = self._bounds().high
        self._controller = StreamController(start=wanted)
        self._wants(wanted)

    def _learn_rate(self, stream: SendStream, arrived: int, busy: float) -> None:
        if busy < _BUSY:
            return
        known = self._rates.get(stream)
        seen = arrived / busy
        # A stream on which nothing comes back is as slow as can be, and not one that nothing is known of.
        weight = busy / (busy + _MEMORY)
        self._rates[stream] = max(1.0, seen if known is None else known + weight * (seen - known))

    def _load(self, stream: SendStream, found: TcpInfo, block: int) -> Load:
        waiting = stream.link.channel.bytes_out - found.bytes_acked
        return Load(
            stream=stream.number,
            waiting=max(0, waiting) + (block if stream.since is not None else 0),
            rate=self._rates.get(stream, 0.0),
        )

    def _bounds(self) -> Bounds:
        low, high = self._request.streams
        if self.congestion == "bbr":
            high = max(low, min(high, LOSSY_STREAMS if self._loss.seen else BBR_STREAMS))
        return Bounds(minimum=low, maximum=high, room=self._room())

    def _calm(self, now: float) -> bool:
        """Whether a transfer over BBR is too young for trials."""
        self._began = now if self._began is None else self._began
        return self.congestion == "bbr" and now - self._began < CALM

    def _nearly_done(self, book: SendBook) -> bool:
        """Whether what is left takes no longer than finding out what another count of streams would bring."""
        return self.rate > 0 and (book.size - book.durable) / self.rate < HOLD

    def _interval(
        self,
        now: float,
        streams: Collection[SendStream],
        feed: BlockFeed,
        book: SendBook,
        *,
        busy: float,
        rwnd: float,
        sndbuf: float,
    ) -> float:
        """Attribute the time since the last tick; how long that was."""
        here = (
            now,
            feed.starved_seconds,
            feed.source_seconds,
            feed.encoder_seconds,
            feed.sending_seconds,
            time.thread_time(),
            book.durable,
        )
        before, self._last = self._last, here
        reports, self._reports = self._reports, []
        if before is None or feed is not self._feed:
            self._feed = feed
            return 0.0
        seconds, starved, reading, encoding, sending, cpu, durable = (
            a - b for a, b in zip(here, before, strict=True)
        )
        if seconds <= 0:
            return 0.0
        self.rate += _SMOOTH * (durable / seconds - self.rate)
        self.limited.add(
            Interval(
                seconds=seconds,
                streams=len(streams),
                starved=starved,
                busy=busy,
                rwnd_limited=rwnd,
                sndbuf_limited=sndbuf,
                reading=reading,
                encoding=encoding,
                loop_cpu=cpu,
                sending=sending,
                sink=sum(report.disk_sink for report in reports) * _MICRO,
                decoding=sum(report.decode for report in reports) * _MICRO,
                idle=sum(report.idle for report in reports) * _MICRO,
            )
        )
        return seconds

    _feed: BlockFeed | None = None
