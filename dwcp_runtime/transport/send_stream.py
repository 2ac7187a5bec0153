"""One data stream of a sender: takes blocks that are ready, one at a time, and sends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from dwcp_runtime.encoding.encoded import Codec
from dwcp_runtime.transport.block_feed import BlockFeed, Ready
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frame_codec import encode, encode_block
from dwcp_runtime.transport.frames import Attach, Attached, BlockHeader, Zeros
from dwcp_runtime.transport.frames import Codec as WireCodec
from dwcp_runtime.transport.link import GREETING_TIMEOUT, Link
from dwcp_runtime.transport.send_book import SendBook

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
        else:
            self._free.set()

    async def _pump(self) -> None:
        while not self._leave:
            await self._send(await self._feed.next(self._free))

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
            if encoded.codec is Codec.ZERO:
                head = encode(Zeros(start=ready.start, count=ready.count), self.number)
            else:
                head = encode_block(
                    self.number,
                    BlockHeader(
                        index=ready.start,
                        codec=WireCodec(encoded.codec),
                        raw_length=encoded.raw_length,
                        digest=encoded.digest,
                    ),
                    encoded.parts,
                )
            await self.link.channel.send(head, *encoded.parts)
        except BaseException:
            for index in range(ready.start, ready.start + ready.count):
                schedule.resend(index)
            raise
        finally:
            self.since = None
            self._feed.release(ready)
        wire = len(head) + encoded.body_length
        self.sent += wire
        self._book.tally.add(
            encoded.codec.label,
            count=ready.count,
            file=self._book.length(ready.start, ready.count),
            wire=wire,
        )
        self._sent()
