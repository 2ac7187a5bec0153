import asyncio
import os
import socket

import pytest

from dwcp_runtime.transport.channel import SMALL, WORTH_WAKING
from dwcp_runtime.transport.conftest import run, tcp_pair
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.plain_channel import PlainChannel

LARGE = 5_000_001


async def pair():
    return tuple(PlainChannel(sock) for sock in tcp_pair())


def test_buffers_arrive_whole_and_in_order_whatever_fits_into_the_kernel():
    async def go():
        left, right = await pair()
        parts = [os.urandom(3), b"", os.urandom(LARGE), bytearray(os.urandom(70_000))]
        wanted = b"".join(parts)
        have = bytearray(len(wanted))
        await asyncio.gather(left.send(*parts), right.read_into(memoryview(have)))
        assert have == wanted
        assert left.bytes_out == right.bytes_in == len(wanted)
        left.close()
        right.close()

    run(go())


def test_more_buffers_than_one_system_call_takes_are_sent():
    async def go():
        left, right = await pair()
        await left.send(*[bytes([number % 256]) for number in range(2000)])
        have = bytearray(2000)
        await right.read_into(memoryview(have))
        assert have == bytes(number % 256 for number in range(2000))
        left.close()
        right.close()

    run(go())


def test_an_early_end_is_an_error_for_read_into_and_none_for_read_some():
    async def go():
        left, right = await pair()
        await left.send(b"abc")
        left.close()
        with pytest.raises(DwcpError) as caught:
            await right.read_into(memoryview(bytearray(5)))
        assert caught.value.code is ErrorCode.CLOSED
        assert "2 bytes too early" in caught.value.message
        assert await right.read_some(memoryview(bytearray(5))) == 0
        right.close()

    run(go())


def test_a_cancelled_read_some_takes_nothing():
    async def go():
        left, right = await pair()
        buffer = bytearray(8)
        reading = asyncio.create_task(right.read_some(memoryview(buffer)))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await left.send(b"abc")
        assert await right.read_some(memoryview(buffer)) == 3
        left.close()
        right.close()

    run(go())


def test_a_send_to_a_peer_that_does_not_read_waits_and_can_be_cancelled():
    async def go():
        left, right = await pair()
        sending = asyncio.create_task(left.send(bytes(64 << 20)))
        done, _ = await asyncio.wait({sending}, timeout=0.2)
        assert not done
        assert left.bytes_out < 64 << 20
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert sending.cancelled()
        left.close()
        right.close()

    run(go())


def test_closing_wakes_who_reads_and_who_sends():
    async def go():
        left, right = await pair()
        reading = asyncio.create_task(left.read_some(memoryview(bytearray(1))))
        sending = asyncio.create_task(left.send(bytes(64 << 20)))
        await asyncio.sleep(0.05)
        left.close()
        left.close()
        for outcome in await asyncio.gather(reading, sending, return_exceptions=True):
            assert isinstance(outcome, DwcpError)
            assert outcome.code is ErrorCode.CLOSED
        assert left.closed
        with pytest.raises(DwcpError, match="closed by this end"):
            await left.send(b"x")
        with pytest.raises(DwcpError, match="closed by this end"):
            await left.read_some(memoryview(bytearray(1)))
        right.close()

    run(go())


def test_a_reset_by_the_peer_is_a_typed_error():
    async def go():
        left, right = await pair()
        # Closing with unread bytes resets the connection.
        await left.send(b"unread")
        await asyncio.sleep(0.05)
        right.close()
        with pytest.raises(DwcpError) as caught:
            for _ in range(20):
                await left.send(bytes(1 << 20))
        assert caught.value.code is ErrorCode.CLOSED
        assert left.peer in caught.value.message
        left.close()

    run(go())


def test_the_last_words_of_a_shut_arrive_though_bytes_were_left_unread():
    async def go():
        left, right = await pair()
        # More than the peer's window takes: the rest lies in this end's kernel when it shuts.
        words = os.urandom(300_000)
        left.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        right.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await right.send(bytes(1000))
        await left.send(words)
        shutting = asyncio.create_task(left.shut())
        await asyncio.sleep(0.05)
        have = bytearray(len(words))
        await right.read_into(memoryview(have))
        assert have == words
        assert await right.read_some(memoryview(have)) == 0
        right.close()
        await shutting
        assert left.closed

    run(go())


def test_a_shut_takes_the_place_of_a_reader_and_still_waits_for_the_peers_end():
    async def go():
        left, right = await pair()
        reading = asyncio.create_task(left.read_some(memoryview(bytearray(1))))
        await asyncio.sleep(0.02)
        shutting = asyncio.create_task(left.shut(linger=10))
        with pytest.raises(DwcpError, match="closed by this end"):
            await reading
        assert not left.closed
        right.close()
        await asyncio.wait_for(shutting, 2)
        assert left.closed

    run(go())


def test_a_shut_in_the_middle_of_a_send_is_a_cut():
    async def go():
        left, right = await pair()
        sending = asyncio.create_task(left.send(bytes(64 << 20)))
        await asyncio.sleep(0.05)
        await left.shut(linger=10)
        with pytest.raises(DwcpError, match="closed by this end"):
            await sending
        right.close()

    run(go())


def test_a_shut_does_not_wait_for_ever():
    async def go():
        left, right = await pair()
        await left.shut(linger=0.05)
        assert left.closed
        right.close()

    run(go())


def test_a_stream_that_never_waits_lets_other_tasks_run():
    async def go():
        left, right = await pair()
        turns = 0

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        left.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        task = asyncio.create_task(other())
        await asyncio.sleep(0)
        before = turns
        # Small enough that the kernel takes each at once.
        for _ in range(40):
            await left.send(bytes(1 << 16))
        assert turns > before
        task.cancel()
        left.close()
        right.close()

    run(go())


def test_a_plain_peer_proves_no_name():
    async def go():
        left, right = await pair()
        assert left.peer_names == frozenset()
        assert left.peer.startswith("127.0.0.1:")
        left.close()
        right.close()

    run(go())


def test_who_waits_for_much_is_woken_once_for_as_much_as_is_worth_it():
    async def go():
        left, right = await pair()
        reading = asyncio.create_task(right.read_some(memoryview(bytearray(1 << 20))))
        await left.send(bytes(SMALL))
        await asyncio.sleep(0.05)
        assert not reading.done()
        await left.send(bytes(WORTH_WAKING))
        assert await reading >= WORTH_WAKING
        left.close()
        right.close()

    run(go())


@pytest.mark.parametrize("size", [1, SMALL, SMALL + 1, WORTH_WAKING - 1, WORTH_WAKING + 1])
def test_who_waits_for_more_than_comes_gets_what_came_before_the_end(size):
    async def go():
        left, right = await pair()
        have = memoryview(bytearray(1 << 20))
        reading = asyncio.create_task(right.read_some(have))
        await asyncio.sleep(0.01)
        await left.send(bytes(size))
        left.close()
        count = await reading
        while more := await right.read_some(have[count:]):
            count += more
        assert count == size
        right.close()

    run(go())


def test_the_rest_of_what_was_asked_for_is_never_waited_for_with_more():
    async def go():
        left, right = await pair()
        for size in (WORTH_WAKING + 10, SMALL + 1, 1, WORTH_WAKING - 1, 2):
            reading = asyncio.create_task(right.read_into(memoryview(bytearray(size))))
            await asyncio.sleep(0.01)
            await left.send(bytes(size // 2))
            await asyncio.sleep(0.01)
            await left.send(bytes(size - size // 2))
            await reading
        left.close()
        right.close()

    run(go())
