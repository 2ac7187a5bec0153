import asyncio
from concurrent.futures import ThreadPoolExecutor

from dwcp_runtime.encoding.encoder import BlockEncoder
from dwcp_runtime.transport.block_feed import BlockFeed
from dwcp_runtime.transport.buffer_pool import BufferPool
from dwcp_runtime.transport.conftest import run
from dwcp_runtime.transport.ends_for_tests import image
from dwcp_runtime.transport.limits import MIN_BLOCK
from dwcp_runtime.transport.send_book import SendBook
from dwcp_runtime.transport.source import Source


def feed_of(source, threads):
    book = SendBook(size=source.size, block_size=MIN_BLOCK)
    return BlockFeed(
        schedule=book.schedule,
        source=source,
        block_size=MIN_BLOCK,
        encoder=BlockEncoder(),
        pool=BufferPool(count=4, size=MIN_BLOCK),
        threads=threads,
        workers=1,
        window=16,
        level=lambda: None,
        observe=lambda ready: None,
        digests=book.digests,
        sparse=False,
    )


def test_a_stream_that_is_held_while_it_waits_leaves_the_block_to_the_others(tmp_path):
    async def go():
        source = Source(image(tmp_path / "disk.img", MIN_BLOCK))
        held, free = asyncio.Event(), asyncio.Event()
        held.set()
        free.set()
        with ThreadPoolExecutor(1) as threads:
            feed = feed_of(source, threads)
            waiting = asyncio.ensure_future(feed.next(held))
            await asyncio.sleep(0)
            held.clear()
            other = asyncio.ensure_future(feed.next(free))
            working = asyncio.ensure_future(feed.run())
            assert (await other).start == 0
            assert not waiting.done()
            waiting.cancel()
            working.cancel()
            await asyncio.gather(waiting, working, return_exceptions=True)
        source.close()

    run(go())
