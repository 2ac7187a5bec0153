import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dwcp_runtime.transport.channel import SMALL
from dwcp_runtime.transport.conftest import HERE, THERE, run, tcp_pair
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.plain_channel import PlainChannel
from dwcp_runtime.transport.tls_channel import TlsChannel
from dwcp_runtime.transport.tls_context import load

LARGE = 5_000_001


@pytest.fixture(params=["plain", "tls"])
def pair(request, tls_folder):
    async def make():
        left, right = tcp_pair()
        if request.param == "plain":
            return PlainChannel(left), PlainChannel(right)
        ends = (
            TlsChannel(left, load(tls_folder(HERE)).client, server_side=False),
            TlsChannel(right, load(tls_folder(THERE)).server, server_side=True),
        )
        await asyncio.gather(*(end.handshake() for end in ends))
        return ends

    return make


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


def read_all(channel, view):
    """In a thread: how much came before a pause."""
    have = 0
    while have < len(view) and (count := channel.read_now(view[have:], 0.5)):
        have += count
    return have


def test_threads_that_have_both_ends_move_bytes_whole_and_in_order(pair, threads):
    async def go():
        left, right = await pair()
        parts = [os.urandom(3), b"", os.urandom(LARGE), bytearray(os.urandom(70_000))]
        wanted = b"".join(parts)
        have = memoryview(bytearray(len(wanted)))
        sending = left.lend(threads, left.send_now, *parts)
        _, count = await asyncio.gather(sending, right.lend(threads, read_all, right, have))
        assert count == len(wanted)
        assert have == wanted
        assert left.bytes_out == right.bytes_in >= len(wanted)
        left.close()
        right.close()

    run(go())


def test_a_thread_and_the_event_loop_take_turns_without_losing_a_byte(pair, threads):
    async def go():
        left, right = await pair()
        wanted = os.urandom(LARGE)
        have = memoryview(bytearray(LARGE))
        sending = asyncio.ensure_future(left.send(wanted))
        at, turns = 0, 0
        while at < LARGE:
            piece = have[at : at + 300_000]
            if turns % 2:
                at += await right.read_some(piece)
            else:
                at += await right.lend(threads, right.read_now, piece, 5.0)
            turns += 1
        await sending
        assert have == wanted
        left.close()
        right.close()

    run(go())


def test_a_thread_waits_for_bytes_no_longer_than_it_was_told(pair, threads):
    async def go():
        left, right = await pair()
        assert await right.lend(threads, right.read_now, memoryview(bytearray(10)), 0.01) is None
        await left.send(b"late")
        have = bytearray(10)
        assert await right.read_some(memoryview(have)) == 4
        assert have[:4] == b"late"
        left.close()
        right.close()

    run(go())


@pytest.mark.parametrize("work", ["read", "send"])
def test_closing_a_channel_wakes_the_thread_that_has_it_and_frees_the_socket_after_that(pair, threads, work):
    async def go():
        left, right = await pair()
        begun = threading.Event()

        def wait():
            begun.set()
            if work == "read":
                left.read_now(memoryview(bytearray(10)), 60.0)
            else:
                # More than the peer's kernel takes.
                left.send_now(bytes(64 << 20))

        lent = asyncio.ensure_future(left.lend(threads, wait))
        while not begun.is_set():
            await asyncio.sleep(0.001)
        left.close()
        assert left.closed
        with pytest.raises(DwcpError) as caught:
            await lent
        assert caught.value.code is ErrorCode.CLOSED
        await asyncio.sleep(0)
        assert left.sock.fileno() == -1
        right.close()

    run(go())


def test_a_socket_is_not_closed_under_a_thread_that_still_uses_it(pair, threads):
    async def go():
        left, right = await pair()
        let_go = threading.Event()
        lent = asyncio.ensure_future(left.lend(threads, let_go.wait))
        await asyncio.sleep(0)
        lent.cancel()
        await asyncio.gather(lent, return_exceptions=True)
        assert left.closed
        assert left.sock.fileno() != -1
        await left.shut(linger=0.1)
        assert left.sock.fileno() != -1
        let_go.set()
        while left.sock.fileno() != -1:
            await asyncio.sleep(0.001)
        with pytest.raises(DwcpError):
            await left.lend(threads, let_go.wait)
        right.close()

    run(go())


def test_what_waits_in_the_socket_is_counted_and_not_taken():
    async def go():
        left, right = (PlainChannel(sock) for sock in tcp_pair())
        assert right.waiting == 0
        await left.send(bytes(3000))
        while right.waiting < 3000:
            await asyncio.sleep(0.001)
        assert await right.read_some(memoryview(bytearray(SMALL))) == 3000
        assert right.waiting == 0
        left.close()
        right.close()

    run(go())
