"""Ten thousand connections that say nothing while a transfer goes on."""

import asyncio
import resource
import socket

import pytest

from tests.dwcp.memory import peak
from tests.dwcp.processes import Sending, receiving, run, until
from tests.dwcp.proxy import proxied

CONNECTIONS = 10_000
CROWD = 32 << 20
"""Bytes that strangers may cost: there are 256 at a time, each with a TLS state and its buffers, which are
some 100 KiB."""


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < CONNECTIONS + 1000:
        pytest.skip(f"needs {CONNECTIONS + 1000} file descriptors, allowed are {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (CONNECTIONS + 1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_transfer_goes_on_among_ten_thousand_idle_connections(tmp_path, image, here, there, many_files):
    async def scenario():
        source = image(32)
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            slow = ("--level", "0", "--rate", "80M", "--streams", "2")
            sending = await Sending.start(source, proxy.port, "disk.img", *slow, tls=here)
            await until(lambda: proxy.up > 4 << 20, "the middle of the transfer")
            before = peak(receiver.process.pid)
            loop = asyncio.get_running_loop()
            idle: list[socket.socket] = []

            async def connect():
                sock = socket.socket()
                sock.setblocking(False)
                idle.append(sock)
                await loop.sock_connect(sock, ("127.0.0.1", receiver.port))

            while len(idle) < CONNECTIONS:
                await asyncio.gather(*(connect() for _ in range(250)), return_exceptions=True)
            assert sending.running
            done = await sending.outcome()
            assert (done.code, done.report["durable"]) == (0, source.stat().st_size)
            assert peak(receiver.process.pid) - before < CROWD
            for sock in idle:
                sock.close()
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())
