import asyncio

from dwcp_runtime.transport.buffer_pool import BufferPool


def test_who_finds_no_buffer_waits_until_one_is_released_in_order_of_coming():
    async def scenario():
        pool = BufferPool(count=1, size=8)
        first = await pool.acquire()
        order = []

        async def taker(name):
            buffer = await pool.acquire()
            order.append(name)
            pool.release(buffer)

        takers = [asyncio.create_task(taker(name)) for name in "ab"]
        await asyncio.sleep(0)
        assert order == []
        pool.release(first)
        await asyncio.gather(*takers)
        return order

    assert asyncio.run(scenario()) == ["a", "b"]


def test_a_waiter_that_gives_up_loses_no_buffer():
    async def scenario():
        pool = BufferPool(count=1, size=8)
        buffer = await pool.acquire()
        waiter = asyncio.create_task(pool.acquire())
        await asyncio.sleep(0)
        pool.release(buffer)
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)
        return await asyncio.wait_for(pool.acquire(), 1)

    assert len(asyncio.run(scenario())) == 8


def test_growing_serves_those_who_wait_and_never_shrinks():
    async def scenario():
        pool = BufferPool(count=1, size=8)
        await pool.acquire()
        waiter = asyncio.create_task(pool.acquire())
        await asyncio.sleep(0)
        pool.grow(2)
        await asyncio.wait_for(waiter, 1)
        pool.grow(1)
        return pool.bound

    assert asyncio.run(scenario()) == 16
