"""One session of a sender: from the control connection to FINISHED, or to the error that ends it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Final

from dwcp_runtime.encoding.block_digest import digest, root
from dwcp_runtime.encoding.encoder import BlockEncoder
from dwcp_runtime.transport import tail
from dwcp_runtime.transport.block_feed import WORKERS, BlockFeed
from dwcp_runtime.transport.buffer_pool import BufferPool
from dwcp_runtime.transport.capabilities import Agreement, Capability
from dwcp_runtime.transport.channel import Channel
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.first_problem import first_problem
from dwcp_runtime.transport.frame_decoder import FrameArrived
from dwcp_runtime.transport.frames import (
    Answer,
    Cancel,
    Drain,
    Durable,
    Finish,
    Finished,
    Have,
    Open,
    Opened,
    Ping,
    Pong,
    Report,
    Resend,
    ResendReason,
)
from dwcp_runtime.transport.known_pages import KnownPages
from dwcp_runtime.transport.lane import Lane
from dwcp_runtime.transport.limits import MAX_STREAMS
from dwcp_runtime.transport.link import Link, greet
from dwcp_runtime.transport.send_book import SendBook
from dwcp_runtime.transport.send_request import SendRequest
from dwcp_runtime.transport.send_steering import SendSteering
from dwcp_runtime.transport.send_stream import SendStream
from dwcp_runtime.transport.socket_options import SocketPlan
from dwcp_runtime.transport.source import Source

if TYPE_CHECKING:
    from dwcp_runtime.encoding.baseline import Baseline

Dial = Callable[[SocketPlan], Awaitable[Channel]]
"""Connects to the peer, authenticated, with a socket as planned; DwcpError when it cannot."""

WINDOW: Final = 512 << 20
"""Bytes that may be sent and not yet durable: what a crash of the receiver costs at most. Several times what
the fastest link here moves between two syncs of the receiver."""

TICK: Final = 0.25
"""Seconds between two looks at the streams."""

LAST_TICK: Final = TICK / 4
"""The same once every block is on its way."""

RENEW: Final = 256 << 30
"""Bytes after which a data connection is replaced: RFC 8446, section 5.5, wants new keys for AES-GCM after
2^24.5 records, which are 388 GB, and OpenSSL does not see to it."""

REFUSALS: Final = 3
"""Times that one block may be refused: once for its references, and what was under way meanwhile."""

SILENT: Final = 1.5
"""Seconds without a word on the control connection, three reports of the receiver, after which nothing is
sent twice for being late."""

RETIRED_DOUBT: Final = 10.0
"""Seconds for the report of what a stream sent that was ended on purpose: nothing of it was lost."""

_AHEAD: Final = 256 << 20
"""Bytes of the file that questions run ahead of the encoder: at 200 ms of round trip, 1.2 GB/s of file."""


class SendSession:
    """Everything that lives as long as one control connection."""

    def __init__(
        self,
        request: SendRequest,
        *,
        source: Source,
        book: SendBook,
        threads: Executor,
        dial: Dial,
        steering: SendSteering,
        baseline: Baseline | None,
    ) -> None:
        self.streams: dict[int, SendStream] = {}
        self._request = request
        self._source = source
        self._book = book
        self._threads = threads
        self._dial = dial
        self._steering = steering
        self._baseline = baseline
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._transfer = source.transfer_id(request.name, book.block_size)
        self._known: KnownPages | None = None
        self._feed: BlockFeed | None = None
        self._joining: set[int] = set()
        self._greeted: list[asyncio.Task[tuple[Channel, Agreement]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._refused: Counter[int] = Counter()
        self._settled = asyncio.Event()
        self._cancelled = False

    async def run(self) -> None:
        """To the end. DwcpError says whether another session may go on; the book says how far this one
        came."""
        self._book.schedule.connection_lost()
        channel = link = None
        # Data connections are made beside the control connection, while the receiver opens its stage: several
        # round trips less to wait for.
        self._greeted = [
            self._loop.create_task(self._greet_data()) for _ in range(self._steering.streams_at_first)
        ]
        try:
            channel = await self._dial(SocketPlan())
            self._steering.reached(channel.sock)
            agreement = await greet(channel, self._request.offer, initiator=True, first=self._opening())
            link = Link(channel, agreement, Lane.CONTROL_FROM_RECEIVER)
            opened = await self._opened(link)
            await self._compare(link, opened.have)
            try:
                await self._move(link, opened)
            except ExceptionGroup as group:
                raise first_problem(group) from None
            await channel.shut()
        except DwcpError as problem:
            if link is not None:
                await link.fail(problem)
            raise
        finally:
            if channel is not None:
                channel.close()
            for task in self._greeted:
                task.cancel()
                task.add_done_callback(_close_unused)

    def cancel(self) -> None:
        """End, and have the receiver forget what it has: the transfer will not be taken up again."""
        self._cancelled = True
        self._settled.set()
        self._ended.set()

    def _opening(self) -> Open:
        return Open(
            transfer=self._transfer,
            size=self._book.size,
            block_size=self._book.block_size,
            mode=self._source.mode,
            name=self._request.name,
            baseline=self._baseline.digest if self._baseline else None,
        )

    async def _opened(self, link: Link) -> Opened:
        # The receiver reads again what an earlier run left, and says PING meanwhile.
        while True:
            event = await self._next(link)
            if isinstance(event.frame, Opened):
                return event.frame

    async def _next(self, link: Link) -> FrameArrived:
        """The next frame of the control connection. DwcpError when there will be none."""
        event = await link.hear()
        if event is None:
            raise DwcpError(ErrorCode.CLOSED, f"{self._request.peer} went away")
        assert isinstance(event, FrameArrived)
        if isinstance(event.frame, Cancel):
            raise DwcpError(ErrorCode.CANCELLED, f"{self._request.peer} cancelled the transfer")
        if isinstance(event.frame, Drain):
            raise DwcpError(ErrorCode.DRAINING, f"{self._request.peer} is shutting down")
        return event

    async def _compare(self, link: Link, have: int) -> None:
        """Resume by content: what the receiver has counts only where the source says the same."""
        if have > self._book.schedule.count:
            raise DwcpError(ErrorCode.MALFORMED, "the receiver has more blocks than there are")
        told = bytearray(self._book.schedule.count)
        while have > 0:
            event = await self._next(link)
            if not isinstance(event.frame, Have):
                continue
            entries = [entry for entry in event.frame.entries if entry[0] < self._book.schedule.count]
            unread = [index for index, _ in entries if self._book.digest(index) is None]
            reading = self._loop.run_in_executor(self._threads, self._digests, unread)
            for index, found in await link.meanwhile(reading):
                self._book.learn(index, found)
            for index, found in entries:
                if self._book.digest(index) == found:
                    told[index] = 1
                    news = self._book.confirm((index, 1))
                    # What an earlier session of this run sent was not there before it.
                    self._book.resumed += 0 if self._book.schedule.was_sent(index) else news
            have -= len(event.frame.entries)
        self._book.disown(told)

    def _digests(self, indices: list[int]) -> list[tuple[int, bytes]]:
        buffer = memoryview(bytearray(self._book.block_size))
        found = []
        for index in indices:
            block = buffer[: self._book.length(index)]
            self._source.read(index * self._book.block_size, block)
            found.append((index, digest(block)))
        return found

    async def _move(self, link: Link, opened: Opened) -> None:
        capabilities = link.agreement.capabilities
        pool = BufferPool(count=2 * WORKERS + 2, size=self._book.block_size)
        both = Capability.PREFIX | Capability.REFERENCES
        baseline = self._baseline if opened.baseline_known and both in capabilities else None
        if Capability.REFERENCES in capabilities and opened.inventory_pages and baseline is None:
            self._known = KnownPages(
                ask=link.send,
                schedule=self._book.schedule,
                source=self._source,
                block_size=self._book.block_size,
                threads=self._threads,
                ahead=max(4, _AHEAD // self._book.block_size),
            )
        self._steering.encoding(threads=WORKERS, references=self._known is not None or baseline is not None)
        feed = self._feed = BlockFeed(
            schedule=self._book.schedule,
            source=self._source,
            block_size=self._book.block_size,
            encoder=BlockEncoder(
                zstd=Capability.ZSTD in capabilities,
                prefix=Capability.PREFIX in capabilities,
                references=Capability.REFERENCES in capabilities,
                sparse=Capability.SPARSE in capabilities,
                ceiling=max(1, self._request.level),
            ),
            pool=pool,
            threads=self._threads,
            workers=WORKERS,
            window=max(16, WINDOW // self._book.block_size),
            level=self._steering.next_level,
            observe=self._steering.encoded,
            digests=self._book.digests,
            sparse=Capability.SPARSE in capabilities,
            baseline=baseline,
            known=self._known,
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._hear(link, feed)), group.create_task(feed.run())]
            if self._known is not None:
                tasks.append(group.create_task(self._known.run()))
            tasks.append(group.create_task(self._steer(group, link, opened, feed, pool)))
            self._look()
            await self._settled.wait()
            if not self._cancelled:
                await self._finish(link)
                await self._ended.wait()
            if self._cancelled and not self._book.schedule.done:
                await link.send(Cancel())
                raise DwcpError(ErrorCode.CANCELLED, "the transfer was cancelled here")
            for task in [*tasks, *self._tasks]:
                task.cancel()

    async def _steer(
        self, group: asyncio.TaskGroup, link: Link, opened: Opened, feed: BlockFeed, pool: BufferPool
    ) -> None:
        """Keep as many streams as steering wants; look after those there are."""
        allowed = min(opened.streams, link.agreement.max_streams)
        while True:
            now = self._loop.time()
            for stream in list(self.streams.values()):
                stream.enter()
                if stream.stalled(now):
                    stream.link.channel.close()
                elif stream.sent > RENEW:
                    stream.retire()
            wanted = max(1, min(allowed, self._steering.tick(now, self.streams.values(), feed, self._book)))
            if self._book.schedule.overdue(now) or self._end_game(now, link):
                feed.poke()
            staying = [stream for stream in self.streams.values() if not stream.leaving]
            for stream in staying[wanted:]:
                stream.retire()
            for _ in range(wanted - len(staying) - len(self._joining)):
                number = self._free_number()
                self._joining.add(number)
                pool.grow(2 * feed.workers + 2 + len(staying) + len(self._joining))
                task = group.create_task(self._stream(number, opened, feed))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(TICK if self._book.schedule.pending else LAST_TICK)

    def _end_game(self, now: float, control: Link) -> int:
        """Keep the last blocks away from slow streams. With nothing left to take, what is stuck in a stream
        goes by the idle ones too, once; how many blocks do."""
        # Under a limit of the rate each stream is slow on purpose.
        if self._request.rate_limit is not None:
            return 0
        book, loads = self._book, self._steering.loads
        left = max(0, book.schedule.count - book.schedule.durable_count - book.schedule.unconfirmed)
        slow = tail.held(loads, left=left * book.block_size, block=book.block_size)
        for number, stream in self.streams.items():
            stream.hold(number in slow)
        # A receiver that does not even report is stopped: its streams are not slower than one another.
        if left or now - control.heard > SILENT:
            return 0
        return sum(book.schedule.duplicate(number) for number in tail.late(loads, block=book.block_size))

    def _free_number(self) -> int:
        return next(n for n in range(1, MAX_STREAMS + 1) if n not in self.streams and n not in self._joining)

    async def _stream(self, number: int, opened: Opened, feed: BlockFeed) -> None:
        """One data connection from its beginning to its end. Losing it is no failure of the transfer, unless
        the receiver says that it is."""
        try:
            stream = await self._join(number, opened, feed)
        except DwcpError as problem:
            if problem.from_peer and not problem.retryable:
                raise
            await asyncio.sleep(TICK)
            return
        finally:
            self._joining.discard(number)
        self.streams[number] = stream
        self._steering.joined(len(self.streams))
        doubt: float | None = None
        try:
            await stream.run()
            doubt = RETIRED_DOUBT
        except DwcpError as problem:
            if problem.from_peer and not problem.retryable:
                raise
        finally:
            del self.streams[number]
            self._book.schedule.stream_lost(number, self._loop.time(), doubt=doubt)
            feed.poke()

    async def _greet_data(self) -> tuple[Channel, Agreement]:
        channel = await self._dial(self._steering.plan())
        try:
            return channel, await greet(channel, self._request.offer, initiator=True)
        except BaseException:
            channel.close()
            raise

    async def _join(self, number: int, opened: Opened, feed: BlockFeed) -> SendStream:
        channel, agreement = await (self._greeted.pop() if self._greeted else self._greet_data())
        try:
            link = Link(channel, agreement, Lane.DATA_FROM_RECEIVER, stream=number)
            stream = SendStream(link, number=number, feed=feed, book=self._book, sent=self._look)
            self._steering.prepare(channel.sock)
            await stream.attach(self._transfer, opened.token)
        except BaseException:
            channel.close()
            raise
        return stream

    def _look(self) -> None:
        """Whether every block is at least on its way, and all digests are known."""
        if not self._book.schedule.pending and (self._feed is None or self._feed.knows_all):
            self._settled.set()

    async def _finish(self, link: Link) -> None:
        """Say FINISH ahead of the acknowledgements: the receiver publishes once the last block is there, a
        round trip earlier."""
        await self._loop.run_in_executor(self._threads, self._source.check_unchanged)
        whole = root(self._book.size, self._book.block_size, self._book.digests)
        await link.send(Finish(root=whole))

    async def _hear(self, link: Link, feed: BlockFeed) -> None:
        book = self._book
        while True:
            frame = (await self._next(link)).frame
            for stream in self.streams.values():
                stream.enter()
            match frame:
                case Durable(runs=runs):
                    for start, count in runs:
                        if start + count > book.schedule.count:
                            raise DwcpError(ErrorCode.MALFORMED, "the receiver has blocks that do not exist")
                        book.confirm((start, count))
                    feed.poke()
                    self._look()
                case Resend(index=index, reason=reason):
                    self._refuse(index, reason, feed)
                case Answer() as answer if self._known is not None:
                    self._known.answered(answer)
                case Report() as report:
                    self._steering.reported(report)
                case Ping(nonce=nonce):
                    await link.send(Pong(nonce=nonce))
                case Finished():
                    # Together with the name, all of it became durable.
                    book.confirm((0, book.schedule.count))
                    self._ended.set()
                case _:
                    pass

    def _refuse(self, index: int, reason: ResendReason, feed: BlockFeed) -> None:
        """The receiver could not use a block: it goes again, without references, but not for ever."""
        if index >= self._book.schedule.count:
            raise DwcpError(ErrorCode.MALFORMED, f"the receiver refuses block {index}, which does not exist")
        self._refused[index] += 1
        self._book.tally.failures += 1
        if self._refused[index] > REFUSALS:
            raise DwcpError(
                ErrorCode.CORRUPT,
                f"{self._request.peer} refused block {index} {REFUSALS + 1} times, last for "
                f"{reason.name.lower().replace('_', ' ')}; check the memory of both machines",
                retryable=False,
            )
        feed.plain.add(index)
        if self._book.schedule.resend(index):
            feed.poke()


def _close_unused(task: asyncio.Task[tuple[Channel, Agreement]]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result()[0].close()
