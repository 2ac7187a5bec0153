"""One data stream of a sender: takes blocks that are ready, one at a time, and sends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from dwcp_runtime.transport import tcp_info
from dwcp_runtime.transport.block_feed import BlockFeed, Ready
from dwcp_runtime.transport.block_head import block_head
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frames import Attach, Attached
from dwcp_runtime.transport.link import GREETING_TIMEOUT, Link
from dwcp_runtime.transport.send_book import SendBook
from dwcp_runtime.transport.send_burst import MOST, NEAR, SECONDS, Burst

STALL: Final = 60.0
"""Seconds without a word of the block that a stream sent first of those the receiver does not have: a peer or
a middlebox that takes longer has stopped. The slowest rate that can be asked for moves a block in 8."""


class SendStream:
    """A data connection that has joined a transfer. `number` is its stream id on the wire, from 1 up; `sent`
    is called after each block."""

    def __init__(
        self, link: Link, *, number: int, feed: BlockFeed, book: SendBook, sent: Callable[[], None]
    ) -> None:
        self.link = link
        self.number = number
        self.sent = 0
        self.since: float | None = None
        self._oldest: int | None = None
        self._waiting_since = 0.0
        self._feed = feed
        self._book = book
        self._sent = sent
        self._free = asyncio.Event()
        self._free.set()
        self._leave = False
        self._pumping: asyncio.Task[None] | None = None
        self._most = 1
        self._work: Burst | None = None
        self._loop = asyncio.get_running_loop()

    async def attach(self, transfer: bytes, token: bytes) -> None:
        """Join the transfer. Blocks may follow at once: the answer is a round trip away, and nearly always
        yes."""
        await self.link.send(Attach(transfer=transfer, token=token))

    @property
    def leaving(self) -> bool:
        """Whether the stream was told to end."""
        return self._leave

    def retire(self) -> None:
        """End after the block that is being sent."""
        self._leave = True
        self._take_back()
        if self.since is None and self._pumping is not None:
            self._pumping.cancel()

    def stalled(self, now: float) -> bool:
        """Whether one block has taken longer than `STALL` until the receiver had it on disk. What lies
        between may take bytes and never pass them on, so it is not enough that they were sent."""
        oldest = self._book.schedule.oldest(self.number)
        if oldest != self._oldest:
            self._oldest, self._waiting_since = oldest, now
        return oldest is not None and now - self._waiting_since > STALL

    async def run(self) -> None:
        """Send until retired or the connection is lost (DwcpError). What was sent stays in the book."""
        self._pumping = self._loop.create_task(self._pump())
        listening = self._loop.create_task(self._listen())
        try:
            done, _ = await asyncio.wait({self._pumping, listening}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not task.cancelled():
                    task.result()
        finally:
            self._pumping.cancel()
            listening.cancel()
            await asyncio.gather(self._pumping, listening, return_exceptions=True)
            await self.link.channel.shut()

    def hold(self, held: bool) -> None:
        """Take no further block while `held`."""
        if held:
            self._free.clear()
            self._take_back()
        else:
            self._free.set()

    async def _pump(self) -> None:
        info = tcp_info.read(self.link.channel.sock)
        if info is None or not info.near(NEAR):
            while not self._leave:
                await self._send(await self._feed.next(self._free))
            return
        with self._feed.near():
            while not self._leave:
                blocks = self._feed.take_burst(self._most) if self._free.is_set() else []
                if blocks:
                    await self._burst(blocks)
                else:
                    await self._send(await self._feed.next(self._free))

    async def _burst(self, blocks: list[tuple[int, int | None]]) -> None:
        """Have a thread prepare and send some blocks."""
        running = self._loop.create_task(self._run_burst(blocks))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            # Which blocks went must be known before the stream is given up.
            self.link.channel.close()
            await asyncio.wait({running})
            running.exception()
            raise

    async def _run_burst(self, blocks: list[tuple[int, int | None]]) -> None:
        channel, feed = self.link.channel, self._feed
        work = self._work = Burst(blocks)
        buffer = await feed.pool.acquire()
        self.since = self._loop.time()
        slow = self._loop.call_later(2 * SECONDS, self._take_back)
        try:
            await channel.lend(
                feed.threads,
                partial(
                    work.run,
                    channel,
                    self.number,
                    lambda index, level: feed.prepare(index, buffer, level),
                    go_on=lambda: not self._leave,
                ),
            )
        except DwcpError as problem:
            # It was closed before the thread began.
            work.problem = problem
        finally:
            slow.cancel()
            self.since = None
            feed.pool.release(buffer)
            self._take_back()
            self._work = None
            if work.half is not None:
                self._book.schedule.resend(work.half)
            self._most = max(1, min(MOST, 2 * work.sent))
            feed.end_burst(work.half)
            if work.unreadable is not None:
                feed.fail(work.unreadable)
            self._sent()
        if work.problem is not None:
            raise work.problem

    def enter(self) -> None:
        """Enter in the books what a thread has begun and done for this stream. Comes before anything that the
        receiver says of a block."""
        if self._work is None:
            return
        for index in self._work.begun():
            self._book.schedule.sending(self.number, index)
        for ready, wire in self._work.done():
            self._feed.learn(ready)
            self._count(ready, wire)
        prepared, sent = self._work.seconds()
        self._feed.starved_seconds += prepared
        self._feed.sending_seconds += sent

    def _take_back(self) -> None:
        """Leave to the others what the thread has not begun with: this stream may have become slow."""
        if self._work is not None:
            self._feed.give_back(self._work.take_back())
            self.enter()

    def _count(self, ready: Ready, wire: int) -> None:
        self.sent += wire
        self._book.tally.add(
            ready.encoded.codec.label,
            count=ready.count,
            file=self._book.length(ready.start, ready.count),
            wire=wire,
        )

    async def _listen(self) -> None:
        """A receiver says nothing on a data stream but that it joined, and why it ends."""
        try:
            async with asyncio.timeout(GREETING_TIMEOUT):
                await self.link.expect(Attached)
        except TimeoutError as problem:
            raise DwcpError(
                ErrorCode.TIMEOUT, f"stream {self.number} was not let in within {GREETING_TIMEOUT:g} s"
            ) from problem
        await self.link.receive()
        raise DwcpError(ErrorCode.CLOSED, f"{self.link.channel.peer} ended stream {self.number}")

    async def _send(self, ready: Ready) -> None:
        schedule, encoded = self._book.schedule, ready.encoded
        if all(schedule.is_durable(index) for index in range(ready.start, ready.start + ready.count)):
            # It was to go again, and what was sent before has arrived meanwhile.
            self._feed.release(ready)
            return
        schedule.sending(self.number, ready.start, ready.count)
        self.since = self._loop.time()
        try:
            head = block_head(self.number, ready.start, ready.count, encoded)
            await self.link.channel.send(head, *encoded.parts)
        except BaseException:
            for index in range(ready.start, ready.start + ready.count):
                schedule.resend(index)
            raise
        finally:
            self.since = None
            self._feed.release(ready)
        self._count(ready, len(head) + encoded.body_length)
        self._sent()
