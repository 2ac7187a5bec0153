import asyncio
import socket
import sys
from pathlib import Path

import pytest

from dwcp_runtime.network import path_mtu
from dwcp_runtime.network.path_mtu import PathMtu

LOOPBACK = Path("/sys/class/net/lo/mtu")
IP_LONGEST = 65535
linux = pytest.mark.skipif(not LOOPBACK.exists(), reason="needs Linux' view of its interfaces")


def loopback_mtu() -> int:
    return min(int(LOOPBACK.read_text()), IP_LONGEST)


@linux
def test_the_path_over_loopback_is_as_wide_as_the_interface():
    found = asyncio.run(path_mtu.look_up("127.0.0.1:9"))
    assert found == PathMtu(endpoint="127.0.0.1:9", mtu=loopback_mtu())


@linux
def test_a_connected_stream_tells_its_path():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as sock,
    ):
        assert path_mtu.of_socket(sock) == loopback_mtu()


@pytest.mark.skipif(sys.platform != "linux", reason="the option is Linux'")
def test_an_unconnected_socket_has_no_path():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert path_mtu.of_socket(sock) is None


@pytest.mark.parametrize("endpoint", ["a..b:1", "x" * 300 + ":1"])
def test_an_endpoint_that_leads_nowhere_is_told_with_a_reason(endpoint: str):
    found = asyncio.run(path_mtu.look_up(endpoint))
    assert found.mtu is None
    assert found.reason


def test_only_a_known_mtu_can_be_too_narrow():
    assert PathMtu(endpoint="a:1", mtu=1400).narrower_than(1500)
    assert not PathMtu(endpoint="a:1", mtu=1500).narrower_than(1500)
    assert not PathMtu(endpoint="a:1", reason="?").narrower_than(1500)
