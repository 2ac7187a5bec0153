import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from dwcp_runtime.encoding.encoder import BlockEncoder
from dwcp_runtime.transport.block_feed import BlockFeed
from dwcp_runtime.transport.buffer_pool import BufferPool
from dwcp_runtime.transport.conftest import run
from dwcp_runtime.transport.ends_for_tests import image
from dwcp_runtime.transport.limits import MIN_BLOCK
from dwcp_runtime.transport.send_book import SendBook
from dwcp_runtime.transport.source import Source


def feed_of(source, threads, **options):
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
        **options,
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


def test_streams_prepare_blocks_themselves_only_if_there_are_as_many_near_ones_as_workers(tmp_path):
    async def go():
        source = Source(image(tmp_path / "disk.img", 5 * MIN_BLOCK))
        with ThreadPoolExecutor(1) as threads:
            feed = feed_of(source, threads)
            assert feed.take_burst(2) == []
            with feed.near():
                assert feed.take_burst(2) == [(0, None), (1, None)]
                # One worker's worth is on its way.
                assert feed.take_burst(2) == []
                feed.end_burst(None)
                assert feed.take_burst(2) == [(2, None), (3, None)]
            feed.end_burst(None)
            assert feed.take_burst(2) == []
        source.close()

    run(go())


def test_a_digest_is_awaited_from_whoever_prepares_the_block_until_the_burst_gives_it_up(tmp_path):
    async def go():
        source = Source(image(tmp_path / "disk.img", 3 * MIN_BLOCK))
        with ThreadPoolExecutor(1) as threads:
            feed = feed_of(source, threads)
            with feed.near():
                assert len(feed.take_burst(3)) == 3
                feed.learn(feed.prepare(0, bytearray(MIN_BLOCK), None))
                feed.give_back([2])
                assert not feed.knows_all
                feed.end_burst(1)
                assert feed.knows_all
                assert feed.take_burst(3) == [(2, None)]
        source.close()

    run(go())


def test_where_the_receiver_has_to_be_asked_workers_prepare_the_blocks(tmp_path):
    async def go():
        source = Source(image(tmp_path / "disk.img", MIN_BLOCK))
        with ThreadPoolExecutor(1) as threads:
            feed = feed_of(source, threads, known=object())
            with feed.near():
                assert feed.take_burst(2) == []
        source.close()

    run(go())


def test_no_worker_prepares_ahead_of_streams_that_do_so_themselves_but_for_one_that_waits(tmp_path):
    async def go():
        source = Source(image(tmp_path / "disk.img", 3 * MIN_BLOCK))
        free = asyncio.Event()
        free.set()
        with ThreadPoolExecutor(1) as threads:
            feed = feed_of(source, threads)
            with feed.near():
                working = asyncio.ensure_future(feed.run())
                await asyncio.sleep(0.05)
                assert feed.take_burst(1) == [(0, None)]
                feed.learn(feed.prepare(0, bytearray(MIN_BLOCK), None))
                feed.end_burst(None)
                assert (await feed.next(free)).start == 1
                await asyncio.sleep(0.05)
                assert feed.take_burst(9) == [(2, None)]
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
        source.close()

    run(go())


def test_a_burst_that_could_not_read_the_source_ends_the_feed(tmp_path):
    async def go():
        source = Source(image(tmp_path / "disk.img", MIN_BLOCK))
        with ThreadPoolExecutor(1) as threads:
            feed = feed_of(source, threads)
            running = asyncio.ensure_future(feed.run())
            await asyncio.sleep(0)
            feed.fail(OSError("gone"))
            with pytest.raises(ExceptionGroup) as caught:
                await running
            assert caught.group_contains(OSError, match="gone")
        source.close()

    run(go())
