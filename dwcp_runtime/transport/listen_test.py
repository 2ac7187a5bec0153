import asyncio
import contextlib
import socket
import struct

import pytest

from dwcp_runtime.transport.conftest import HERE, THERE, run
from dwcp_runtime.transport.dial import dial
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.listen import Bounds, listen
from dwcp_runtime.transport.tls_context import load

LOOP = "127.0.0.1"


async def echo(arrival):
    arrival.welcome()
    buffer = memoryview(bytearray(1))
    while await arrival.channel.read_some(buffer):
        await arrival.channel.send(buffer)


async def ask(channel):
    await channel.send(b"?")
    answer = bytearray(1)
    await channel.read_into(memoryview(answer))
    return bytes(answer)


async def until(holds):
    while not holds():
        await asyncio.sleep(0.01)


def test_an_allowed_agent_is_served_and_known_by_its_name(tls_folder):
    async def go():
        names = []

        async def handler(arrival):
            names.append(arrival.name)
            await echo(arrival)

        contexts = load(tls_folder(THERE))
        listener = await listen(LOOP, 0, handler, contexts=lambda: contexts, allowed=lambda: [HERE])
        client = load(tls_folder(HERE))
        channel = await dial(LOOP, listener.port, contexts=client, expected=THERE)
        assert await ask(channel) == b"?"
        assert names == [HERE]
        channel.close()
        await until(lambda: listener.connections == 0)
        await listener.close()

    run(go())


def test_a_stranger_is_refused_in_the_protocols_words_and_never_reaches_the_handler(tls_folder):
    async def go():
        reached, reports = [], []

        async def refuse(channel, error):
            await channel.send(b"E")

        contexts = load(tls_folder(THERE))
        listener = await listen(
            LOOP,
            0,
            lambda arrival: reached.append(arrival),
            contexts=lambda: contexts,
            allowed=lambda: ["somebody.else"],
            refuse=refuse,
            report=lambda peer, error: reports.append(error),
        )
        channel = await dial(LOOP, listener.port, contexts=load(tls_folder(HERE)), expected=THERE)
        assert await ask(channel) == b"E"
        assert await channel.read_some(memoryview(bytearray(1))) == 0
        channel.close()
        await until(lambda: listener.connections == 0)
        assert not reached
        assert [error.code for error in reports] == [ErrorCode.UNAUTHORISED]
        await listener.close()

    run(go())


def test_the_allow_list_and_the_certificates_are_asked_for_every_connection(tls_folder):
    async def go():
        allowed = []
        contexts = load(tls_folder(THERE))
        listener = await listen(LOOP, 0, echo, contexts=lambda: contexts, allowed=lambda: allowed)
        client = load(tls_folder(HERE))
        channel = await dial(LOOP, listener.port, contexts=client)
        with pytest.raises(DwcpError):
            await ask(channel)
        channel.close()
        allowed.append(HERE)
        channel = await dial(LOOP, listener.port, contexts=client)
        assert await ask(channel) == b"?"
        channel.close()
        contexts = load(tls_folder("renamed.test"))
        channel = await dial(LOOP, listener.port, contexts=client)
        assert channel.peer_names == {"renamed.test"}
        channel.close()
        await listener.close()

    run(go())


def test_strangers_beyond_the_bound_are_closed_unheard_and_the_others_live(tls_folder):
    async def go():
        contexts = load(tls_folder(THERE))
        listener = await listen(
            LOOP, 0, echo, contexts=lambda: contexts, allowed=lambda: [HERE], bounds=Bounds(strangers=3)
        )
        idle = []
        for _ in range(3):
            idle.append(socket.create_connection((LOOP, listener.port)))
        await until(lambda: listener.strangers == 3)
        loop = asyncio.get_running_loop()
        for _ in range(5):
            with socket.create_connection((LOOP, listener.port)) as more:
                more.setblocking(False)
                assert await loop.sock_recv(more, 1) == b""
        assert listener.turned_away == 5
        assert listener.strangers == 3
        for sock in idle:
            sock.close()
        await until(lambda: listener.strangers == 0)
        channel = await dial(LOOP, listener.port, contexts=load(tls_folder(HERE)), expected=THERE)
        assert await ask(channel) == b"?"
        channel.close()
        await listener.close()

    run(go())


def test_a_welcomed_peer_frees_the_place_of_a_stranger_but_counts_in_the_total():
    async def go():
        listener = await listen(LOOP, 0, echo, contexts=None, bounds=Bounds(strangers=1, total=2))
        first = await dial(LOOP, listener.port, contexts=None)
        assert await ask(first) == b"?"
        second = await dial(LOOP, listener.port, contexts=None)
        assert await ask(second) == b"?"
        assert (listener.strangers, listener.connections) == (0, 2)
        third = await dial(LOOP, listener.port, contexts=None)
        with pytest.raises(DwcpError):
            await ask(third)
        for channel in (first, second, third):
            channel.close()
        await listener.close()

    run(go())


@pytest.mark.parametrize("tls", [True, False])
def test_who_does_not_speak_in_time_is_dropped_and_who_was_welcomed_is_not(tls_folder, tls):
    async def go():
        reports = []

        async def handler(arrival):
            await arrival.channel.read_into(memoryview(bytearray(1)))
            await echo(arrival)

        contexts = load(tls_folder(THERE))
        listener = await listen(
            LOOP,
            0,
            handler,
            contexts=(lambda: contexts) if tls else None,
            allowed=lambda: [HERE],
            report=lambda peer, error: reports.append(error.code),
            bounds=Bounds(patience=0.3),
        )
        client = load(tls_folder(HERE)) if tls else None
        welcomed = await dial(LOOP, listener.port, contexts=client)
        await welcomed.send(b"!")
        with socket.create_connection((LOOP, listener.port)) as silent:
            silent.setblocking(False)
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.get_running_loop().sock_recv(silent, 1) == b""
        assert reports == [ErrorCode.TIMEOUT]
        await asyncio.sleep(0.3)
        assert await ask(welcomed) == b"?"
        welcomed.close()
        await listener.close()

    run(go())


@pytest.mark.parametrize("tls", [True, False])
def test_who_leaves_before_he_was_welcomed_is_not_reported_and_who_leaves_later_is(tls_folder, tls):
    async def go():
        reports = []

        async def handler(arrival):
            await arrival.channel.read_into(memoryview(bytearray(1)))
            arrival.welcome()
            await arrival.channel.read_into(memoryview(bytearray(1)))

        contexts = load(tls_folder(THERE))
        listener = await listen(
            LOOP,
            0,
            handler,
            contexts=(lambda: contexts) if tls else None,
            allowed=lambda: [HERE],
            report=lambda peer, error: reports.append(error.code),
        )
        client = load(tls_folder(HERE)) if tls else None
        socket.create_connection((LOOP, listener.port)).close()
        (await dial(LOOP, listener.port, contexts=client)).close()
        reset = socket.create_connection((LOOP, listener.port))
        reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        reset.close()
        guest = await dial(LOOP, listener.port, contexts=client)
        await guest.send(b"!")
        await until(lambda: (listener.strangers, listener.connections) == (0, 1))
        assert reports == []
        guest.close()
        await until(lambda: listener.connections == 0)
        assert reports == [ErrorCode.CLOSED]
        await listener.close()

    run(go())


def test_a_stranger_whose_tls_does_not_fit_is_reported(tls_folder):
    async def go():
        reports = []
        contexts = load(tls_folder(THERE))
        listener = await listen(
            LOOP,
            0,
            echo,
            contexts=lambda: contexts,
            allowed=lambda: [HERE],
            report=lambda peer, error: reports.append(error),
        )
        with socket.create_connection((LOOP, listener.port)) as sock:
            # A greeting of TLS without anything in it.
            sock.sendall(b"\x16\x03\x03\x00\x04\x01\x00\x00\x00")
            await until(lambda: bool(reports))
        assert "failed in TLS" in reports[0].message
        await listener.close()

    run(go())


def test_a_mistake_of_the_handler_ends_its_connection_and_no_other():
    async def go():
        reports = []

        async def handler(arrival):
            await echo(arrival)
            raise KeyError("mistake")

        listener = await listen(
            LOOP, 0, handler, contexts=None, report=lambda peer, error: reports.append(error.code)
        )
        first = await dial(LOOP, listener.port, contexts=None)
        second = await dial(LOOP, listener.port, contexts=None)
        assert await ask(second) == b"?"
        await first.shut()
        await until(lambda: bool(reports))
        assert reports == [ErrorCode.INTERNAL]
        assert await ask(second) == b"?"
        second.close()
        await listener.close()

    run(go())


def test_closing_ends_connections_after_their_grace_and_takes_no_more():
    async def go():
        listener = await listen(LOOP, 0, echo, contexts=None)
        port = listener.port
        channel = await dial(LOOP, port, contexts=None)
        assert await ask(channel) == b"?"
        closing = asyncio.create_task(listener.close(grace=0.3))
        await asyncio.sleep(0.05)
        assert await ask(channel) == b"?"
        with pytest.raises(DwcpError, match="cannot be reached"):
            await dial(LOOP, port, contexts=None)
        await closing
        with pytest.raises(DwcpError):
            await ask(channel)
        channel.close()

    run(go())


def test_a_port_that_is_taken_is_a_typed_error():
    async def go():
        listener = await listen(LOOP, 0, echo, contexts=None)
        with pytest.raises(DwcpError) as caught:
            await listen(LOOP, listener.port, echo, contexts=None)
        assert caught.value.code is ErrorCode.IO
        assert str(listener.port) in caught.value.message
        await listener.close()

    run(go())


def test_one_socket_takes_every_address():
    async def go():
        listener = await listen("", 0, echo, contexts=None)
        channel = await dial(LOOP, listener.port, contexts=None)
        assert await ask(channel) == b"?"
        channel.close()
        await listener.close()

    run(go())
