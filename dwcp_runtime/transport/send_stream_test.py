import asyncio
from contextlib import contextmanager

from dwcp_runtime.encoding.encoded import Codec, Encoded
from dwcp_runtime.transport.block_feed import Ready
from dwcp_runtime.transport.capabilities import ALL, Agreement
from dwcp_runtime.transport.conftest import run, tcp_pair
from dwcp_runtime.transport.frame_codec import encode
from dwcp_runtime.transport.frames import Attached, Zeros
from dwcp_runtime.transport.lane import Lane
from dwcp_runtime.transport.limits import MAX_BLOCK, MIN_BLOCK
from dwcp_runtime.transport.link import Link
from dwcp_runtime.transport.plain_channel import PlainChannel
from dwcp_runtime.transport.send_book import SendBook
from dwcp_runtime.transport.send_stream import SendStream


class Feed:
    """Gives one block after the other, and knows which came back."""

    def __init__(self, blocks):
        self.blocks = asyncio.Queue()
        self.released = []
        for index in range(blocks):
            zeros = Encoded(codec=Codec.ZERO, raw_length=MIN_BLOCK, digest=bytes(16), parts=())
            self.blocks.put_nowait(Ready(start=index, count=1, encoded=zeros, buffer=None))

    @contextmanager
    def near(self):
        yield

    def take_burst(self, most):
        return []

    async def next(self, free):
        return await self.blocks.get()

    def release(self, ready):
        self.released.append(ready.start)


def test_a_block_that_has_arrived_while_it_waited_to_go_again_does_not_go_again():
    async def go():
        book = SendBook(size=3 * MIN_BLOCK, block_size=MIN_BLOCK)
        feed = Feed(3)
        for index in range(3):
            assert book.schedule.take() == index
        book.confirm((1, 1))
        agreement = Agreement(capabilities=ALL, max_block=MAX_BLOCK, max_streams=1)
        left, right = tcp_pair()
        peer = PlainChannel(right)
        link = Link(PlainChannel(left), agreement, Lane.DATA_FROM_RECEIVER, stream=1)
        await peer.send(encode(Attached(), 1))
        stream = SendStream(link, number=1, feed=feed, book=book, sent=lambda: None)
        running = asyncio.ensure_future(stream.run())
        expected = b"".join(encode(Zeros(start=index, count=1), 1) for index in (0, 2))
        seen = bytearray(len(expected))
        await peer.read_into(memoryview(seen))
        assert seen == expected
        stream.retire()
        await running
        assert await peer.read_some(memoryview(seen)) == 0
        assert feed.released == [0, 1, 2]
        assert (stream.sent, book.resent) == (len(expected), 0)
        peer.close()

    run(go())
