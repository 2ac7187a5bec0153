import socket

import pytest

from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.http_api import HttpApi
from dwcp_runtime.consensus.http_api_test import Agent
from dwcp_runtime.consensus.http_server import HttpServer


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_where_one_port_cannot_be_had_neither_stays_open(run):
    async def work():
        async with Gateway("http://127.0.0.1:1") as gateway:
            server = HttpServer(HttpApi(Agent(gateway)))
            ports = await server.open("127.0.0.1", 0, 0)
            assert all(listens(port) for port in ports)
            second = HttpServer(HttpApi(Agent(gateway)))
            with socket.create_server(("127.0.0.1", 0)) as free:
                number = free.getsockname()[1]
            with pytest.raises(OSError, match="in use"):
                await second.open("127.0.0.1", number, ports[1])
            assert not listens(number)
            await server.close()
            await server.close()
            assert not any(listens(port) for port in ports)

    run(work())
