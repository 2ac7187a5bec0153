import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from dwcp_runtime.consensus import key_connection
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.health_test import ALONE
from dwcp_runtime.consensus.http_api import HttpApi
from dwcp_runtime.consensus.http_api_test import Agent
from dwcp_runtime.consensus.http_server import HttpServer
from dwcp_runtime.consensus.key_connection import KeyConnection


class Line:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answer(self) -> tuple[str, dict[str, str], bytes]:
        """Status line, headers and body."""
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            status, *lines = head[:-4].split("\r\n")
            headers = dict(each.split(": ", 1) for each in lines)
            return status, headers, await self.reader.readexactly(int(headers["Content-Length"]))


class Served:
    """An API over a real member, and the way to it."""

    def __init__(self, server: HttpServer, agent: Agent, port: int) -> None:
        self.server, self.agent, self.port = server, agent, port

    async def line(self, limit: int = 1 << 16) -> Line:
        return Line(*await asyncio.open_connection("127.0.0.1", self.port, limit=limit))


@asynccontextmanager
async def serving(etcd):
    async with Gateway(etcd.client_url) as gateway:
        agent = Agent(gateway)
        server = HttpServer(HttpApi(agent))
        port, _ = await server.open("127.0.0.1", 0, 0)
        try:
            yield Served(server, agent, port)
        finally:
            await server.close()


def request(method: str, target: str, body: bytes = b"", **headers: str) -> bytes:
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{told}\r\n"
    return head.encode() + body


@pytest.fixture
def own(monkeypatch) -> list[bytes]:
    """What was answered without aiohttp's server."""
    found: list[bytes] = []
    real = KeyConnection._answer

    async def answer(self, asked):
        found.append(asked.target.encode())
        await real(self, asked)

    monkeypatch.setattr(KeyConnection, "_answer", answer)
    return found


@pytest.mark.parametrize(
    "asked",
    [
        request("GET", "/v1/keys/there"),
        request("GET", "/v1/keys/missing"),
        request("GET", "/v1/keys/there?revision=99999999"),
        request("GET", "/v1/keys/there?color=red"),
        request("PUT", "/v1/keys/there", b"v", If_Match='"1"'),
        request("PUT", "/v1/keys/there", b"v", Origin="http://evil.example"),
        request("PUT", "/v1/keys/" + "k" * 1025, b"v"),
        request("PUT", "/v1/keys/%2", b"v"),
        request("DELETE", "/v1/keys/missing"),
    ],
)
@pytest.mark.parametrize("lost", [False, True])
def test_the_answer_is_the_same_whether_a_request_comes_whole_or_in_pieces(etcd, run, own, asked, lost):
    async def work():
        async with serving(etcd) as served:
            whole, pieces = await served.line(), await served.line()
            whole.writer.write(request("PUT", "/v1/keys/there", b"\x00\xff"))
            assert (await whole.answer())[0] == "HTTP/1.1 200 OK"
            if lost:
                served.agent.now = ALONE
                await asyncio.sleep(0.12)
            own.clear()
            whole.writer.write(asked)
            pieces.writer.write(asked[:7])
            await asyncio.sleep(0.05)
            pieces.writer.write(asked[7:])
            first, second = await whole.answer(), await pieces.answer()
            assert len(own) == 1
            for _, headers, _ in (first, second):
                assert headers.pop("Date").endswith(" GMT")
            assert first == second

    run(work())


def test_a_connection_that_asks_for_anything_else_is_served_all_the_same(etcd, run, own):
    async def work():
        async with serving(etcd) as served:
            line = await served.line()
            for asked, said in (
                (request("PUT", "/v1/keys/a", b"1"), b"revision"),
                (request("GET", "/v1/keys?prefix=a"), b"next"),
                (request("GET", "/v1/keys/a"), b"1"),
                (request("GET", "/status"), b"conditions"),
            ):
                line.writer.write(asked)
                status, _, body = await line.answer()
                assert status == "HTTP/1.1 200 OK"
                assert said in body
            assert own == [b"/v1/keys/a"]

    run(work())


@pytest.mark.parametrize("pause", [0.0, 0.0005])
def test_what_is_asked_before_the_answer_is_there_is_answered_in_its_turn(etcd, run, pause):
    async def work():
        async with serving(etcd) as served:
            line = await served.line()
            for number in range(50):
                line.writer.write(request("PUT", "/v1/keys/a", b"%d" % number))
                line.writer.write(request("GET", "/v1/keys/a"))
                await asyncio.sleep(pause)
            for number in range(50):
                assert b"revision" in (await line.answer())[2]
                assert (await line.answer())[2] == b"%d" % number

    run(work())


def test_what_is_held_for_a_client_that_reads_nothing_is_bounded(etcd, run):
    async def work():
        async with serving(etcd) as served:
            line = await served.line()
            value = bytes(1 << 20)
            line.writer.write(request("PUT", "/v1/keys/large", value))
            await line.answer()
            slow = await served.line(limit=1024)
            asked = request("GET", "/v1/keys/large")
            for _ in range(30):
                slow.writer.write(asked)
                await asyncio.sleep(0.02)
            (held,) = served.server._connections
            assert held._transport.get_write_buffer_size() < 2 * len(value)
            assert held._behind == asked
            for _ in range(30):
                assert (await slow.answer())[2] == value

    run(work())


def test_an_idle_connection_is_closed_and_one_that_is_used_stays(etcd, run, monkeypatch):
    monkeypatch.setattr(KeyConnection.__init__, "__kwdefaults__", {"keep_seconds": 0.5})

    async def work():
        async with serving(etcd) as served:
            idle, used = await served.line(), await served.line()
            until = time.monotonic() + 1.2
            while time.monotonic() < until:
                used.writer.write(request("GET", "/v1/keys/a"))
                assert (await used.answer())[0] == "HTTP/1.1 404 Not Found"
                await asyncio.sleep(0.05)
            assert idle.reader.at_eof()
            async with asyncio.timeout(5):
                assert await used.reader.read() == b""
            assert not served.server._connections

    run(work())


def test_at_the_end_a_write_that_is_under_way_is_answered_and_no_connection_stays(etcd, run):
    async def work():
        async with serving(etcd) as served:
            line, idle = await served.line(), await served.line()
            line.writer.write(request("PUT", "/v1/keys/a", b"1"))
            while not any(each._answering for each in served.server._connections):
                await asyncio.sleep(0)
            await served.server.close()
            assert b"revision" in (await line.answer())[2]
            assert await line.reader.read() == await idle.reader.read() == b""

    run(work())


def test_a_fault_of_our_own_is_answered_as_unknown_and_the_connection_goes_on(etcd, run, monkeypatch):
    def fails(*_all, **_named):
        raise KeyError("secret")

    async def work():
        async with serving(etcd) as served:
            line = await served.line()
            with monkeypatch.context() as patch:
                patch.setattr(key_connection.key_call, "write", fails)
                line.writer.write(request("PUT", "/v1/keys/a", b"1"))
                status, _, body = await line.answer()
            assert status == "HTTP/1.1 500 Internal Server Error"
            assert b"unknown" in body
            assert b"secret" not in body
            line.writer.write(request("PUT", "/v1/keys/a", b"1"))
            assert (await line.answer())[0] == "HTTP/1.1 200 OK"

    run(work())
