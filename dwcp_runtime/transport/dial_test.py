import asyncio
import socket

import pytest
import uvloop

from dwcp_runtime.transport.conftest import HERE, THERE, run
from dwcp_runtime.transport.dial import dial
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.listen import listen
from dwcp_runtime.transport.tls_context import load

LOOP = "127.0.0.1"


async def wait_for_end(arrival):
    await arrival.channel.read_some(memoryview(bytearray(1)))


def test_another_agent_than_the_expected_one_is_refused_by_the_dialler(tls_folder):
    async def go():
        contexts = load(tls_folder("elsewhere.test"))
        listener = await listen(LOOP, 0, wait_for_end, contexts=lambda: contexts, allowed=lambda: [HERE])
        with pytest.raises(DwcpError) as caught:
            await dial(LOOP, listener.port, contexts=load(tls_folder(HERE)), expected=THERE)
        assert caught.value.code is ErrorCode.UNAUTHORISED
        assert "elsewhere.test" in caught.value.message
        assert THERE in caught.value.message
        await listener.close()

    run(go())


def test_nobody_at_the_address_is_worth_another_attempt():
    async def go():
        with socket.create_server((LOOP, 0)) as server:
            port = server.getsockname()[1]
        with pytest.raises(DwcpError) as caught:
            await dial(LOOP, port, contexts=None)
        assert caught.value.code is ErrorCode.CLOSED
        assert caught.value.retryable
        assert "connection refused" in caught.value.message

    run(go())


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 300, "bad..name"])
def test_a_name_without_an_address_is_a_typed_error(host):
    with pytest.raises(DwcpError) as caught:
        run(dial(host, 1, contexts=None))
    assert caught.value.code in (ErrorCode.CLOSED, ErrorCode.TIMEOUT)


def test_a_peer_that_never_answers_the_handshake_is_a_timeout(tls_folder):
    async def go():
        with socket.create_server((LOOP, 0)) as server:
            with pytest.raises(DwcpError) as caught:
                await dial(LOOP, server.getsockname()[1], contexts=load(tls_folder(HERE)), timeout=0.2)
            assert caught.value.code is ErrorCode.TIMEOUT
            assert caught.value.retryable

    run(go())


def test_the_next_address_of_a_name_is_tried_when_one_does_not_answer(monkeypatch):
    async def go():
        listener = await listen(LOOP, 0, wait_for_end, contexts=None)
        with socket.create_server((LOOP, 0)) as server:
            dead = server.getsockname()[1]

        real = uvloop.Loop.getaddrinfo

        async def addresses(loop, host, port, **options):
            if host != "name.test":
                return await real(loop, host, port, **options)
            ports = (dead, listener.port)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (LOOP, number)) for number in ports]

        monkeypatch.setattr(uvloop.Loop, "getaddrinfo", addresses)
        channel = await dial("name.test", 1, contexts=None)
        assert channel.peer == f"{LOOP}:{listener.port}"
        channel.close()
        await listener.close()

    run(go())


def test_a_refused_dial_leaves_no_socket_open(tls_folder, recwarn):
    async def go():
        contexts = load(tls_folder("elsewhere.test"))
        listener = await listen(LOOP, 0, wait_for_end, contexts=lambda: contexts, allowed=lambda: [HERE])
        with pytest.raises(DwcpError):
            await dial(LOOP, listener.port, contexts=load(tls_folder(HERE)), expected=THERE)
        while listener.connections:
            await asyncio.sleep(0.01)
        await listener.close()

    run(go())
    assert not [warning for warning in recwarn if issubclass(warning.category, ResourceWarning)]
