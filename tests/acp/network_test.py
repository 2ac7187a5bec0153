"""The cuts of the tests' own network."""

import socket
import subprocess
import sys
import time

import pytest

from tests.acp import network

pytestmark = pytest.mark.skipif(network.why_not() is not None, reason=str(network.why_not()))

SERVE = "import socket,sys; s=socket.create_server(('', 5000)); [s.accept() for _ in iter(int, 1)]"
CONNECT = "import socket,sys; socket.create_connection((sys.argv[1], 5000), 0.3)"


def reaches(net, here, there):
    command = [*net.within(here), sys.executable, "-c", CONNECT, net.address(there)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def eventually(condition):
    """A line that was down carries again only after the kernel has noticed that it is up."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def client_reaches(net, there):
    with net.at_hub():
        try:
            socket.create_connection((net.address(there), 5000), 0.3).close()
        except OSError:
            return False
        return True


@pytest.fixture
def net():
    with network.Network(3) as made:
        servers = [
            subprocess.Popen([*made.within(member), sys.executable, "-c", SERVE]) for member in range(3)
        ]
        eventually(lambda: all(client_reaches(made, member) for member in range(3)))
        yield made
    for server in servers:
        server.wait()


def test_a_cut_is_between_the_two_sides_only_and_heals(net):
    net.cut([0], [1, 2])
    assert not reaches(net, 0, 1)
    assert not reaches(net, 2, 0)
    assert reaches(net, 1, 2)
    assert client_reaches(net, 0)
    net.heal()
    eventually(lambda: reaches(net, 0, 1))
    eventually(lambda: reaches(net, 2, 0))


def test_an_unplugged_member_is_reached_by_nobody(net):
    net.unplug(1)
    assert not reaches(net, 0, 1)
    assert not client_reaches(net, 1)
    assert reaches(net, 0, 2)
    net.heal()
    eventually(lambda: client_reaches(net, 1))


def test_a_line_that_holds_back_makes_round_trips_longer_and_loses_nothing(net):
    script = (
        "import socket,sys,time\n"
        "for server in [socket.create_server(('', 5001))]:\n"
        " peer, _ = server.accept()\n"
        " while data := peer.recv(65536): peer.sendall(data)\n"
    )
    server = subprocess.Popen([*net.within(1), sys.executable, "-c", script])
    try:
        with net.delayed([0, 1]) as hold:
            peer = connected(net, 1, 5001)
            assert echo(peer, b"x") < 0.05
            hold(0.05)
            assert 0.1 <= echo(peer, b"x") < 0.2
            assert echo(peer, bytes(60_000)) < 3
            assert reaches(net, 0, 2)
            hold(0)
            assert echo(peer, b"x") < 0.05
            peer.close()
    finally:
        server.kill()
        server.wait()
    eventually(lambda: reaches(net, 0, 1))


def connected(net, there, port):
    end = time.monotonic() + 20
    while True:
        try:
            with net.at_hub():
                return socket.create_connection((net.address(there), port), 5)
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.02)


def echo(peer, data):
    begin = time.monotonic()
    peer.sendall(data)
    left = len(data)
    while left:
        left -= len(peer.recv(65536))
    return time.monotonic() - begin


def test_nothing_of_it_is_left_behind():
    with network.Network(1) as made:
        process = subprocess.Popen([*made.within(0), sys.executable, "-c", SERVE])
        end = time.monotonic() + 20
        while not made.pids(0):
            assert time.monotonic() < end
    assert process.wait(10) == -9
    assert made.hub not in namespaces()


def test_what_a_killed_run_left_behind_is_removed_by_the_next_one():
    script = (
        "import os, signal\nfrom tests.acp.network import Network\n"
        "with Network(1) as made: print(made.hub, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    hub = killed.stdout.strip()
    assert hub in namespaces()
    with network.Network(1):
        assert hub not in namespaces()
        assert hub.replace("hub", "0") not in namespaces()


def namespaces():
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in listed.splitlines()}
