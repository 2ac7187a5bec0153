import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dwcp_runtime.transport.conftest import run
from dwcp_runtime.transport.in_thread import in_thread


def test_work_is_done_in_another_thread_and_its_result_comes_back():
    async def go():
        with ThreadPoolExecutor(1) as threads:
            assert await in_thread(threads, divmod, 17, 5) == (3, 2)
            assert await in_thread(threads, threading.get_ident) != threading.get_ident()

    run(go())


def test_what_work_raises_is_raised_here():
    async def go():
        with ThreadPoolExecutor(1) as threads:
            with pytest.raises(ZeroDivisionError):
                await in_thread(threads, divmod, 1, 0)
            assert await in_thread(threads, divmod, 1, 1) == (1, 0)

    run(go())


def test_work_cancelled_before_it_began_is_not_done_and_later_its_result_is_dropped():
    async def go():
        begun, ends, done = threading.Event(), threading.Event(), []
        unheard = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: unheard.append(context))

        def slow(name):
            begun.set()
            ends.wait(10)
            done.append(name)

        with ThreadPoolExecutor(1) as threads:
            first, second = in_thread(threads, slow, "first"), in_thread(threads, slow, "second")
            await asyncio.to_thread(begun.wait)
            first.cancel()
            second.cancel()
            ends.set()
            await in_thread(threads, int)
        assert done == ["first"]
        assert not unheard
        assert first.cancelled()
        assert second.cancelled()

    run(go())
