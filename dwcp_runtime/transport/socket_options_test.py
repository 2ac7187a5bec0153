import socket
from pathlib import Path

import pytest

from dwcp_runtime.transport import socket_options
from dwcp_runtime.transport.conftest import tcp_pair
from dwcp_runtime.transport.socket_options import SocketPlan, buffer_ceilings, buffer_for, pacing_share

MEBI = 1 << 20


@pytest.fixture
def sock():
    with socket.socket() as made:
        yield made


def available():
    return Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control").read_text().split()


def test_what_is_reported_is_what_the_socket_has(sock):
    facts = socket_options.apply(
        sock, SocketPlan(pacing=1_000_000, send_buffer=100_000, receive_buffer=90_000)
    )
    assert facts.nodelay
    assert facts.pacing == 1_000_000
    assert facts.send_buffer == sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) >= 100_000
    assert facts.receive_buffer == sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 90_000
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == socket_options.UNSENT


@pytest.mark.parametrize("name", available())
def test_the_first_congestion_control_that_there_is_is_taken(sock, name):
    facts = socket_options.apply(sock, SocketPlan(congestion=("nosuch", "x" * 100, name, "reno")))
    assert facts.congestion == name


def test_a_kernel_without_what_is_asked_for_keeps_its_own_and_says_so(sock):
    before = socket_options.facts(sock).congestion
    assert before
    assert socket_options.apply(sock, SocketPlan(congestion=("nosuch",))).congestion == before


def test_the_kernels_own_tuning_is_left_alone_by_default(sock):
    before = socket_options.facts(sock)
    after = socket_options.apply(sock, SocketPlan())
    assert (after.send_buffer, after.receive_buffer) == (before.send_buffer, before.receive_buffer)
    assert after.pacing is None


def test_a_pacing_rate_can_be_changed_and_lifted_later():
    left, right = tcp_pair()
    with left, right:
        assert socket_options.pace(left, 5_000_000)
        assert socket_options.facts(left).pacing == 5_000_000
        assert socket_options.pace(left, None)
        assert socket_options.facts(left).pacing is None


def test_nothing_fails_on_a_closed_socket(sock):
    sock.close()
    assert socket_options.apply(sock, SocketPlan(pacing=1)).congestion == ""


def test_the_rate_limit_is_in_bits_for_all_streams_together():
    assert pacing_share(80_000_000, 1) == 10_000_000
    assert pacing_share(80_000_000, 4) == 2_500_000
    assert pacing_share(None, 4) is None
    # 0 would stop the stream for ever.
    assert pacing_share(1, 512) == 1


def test_buffers_are_asked_for_only_where_tuning_cannot_reach():
    gigabit = 125_000_000
    assert buffer_for(gigabit, 0.010, 4 * MEBI) is None
    assert buffer_for(gigabit, 0.150, 32 * MEBI) == 2 * 18_750_000
    assert buffer_for(gigabit, 0.150, 64 * MEBI) is None


def test_ceilings_are_the_last_number_and_0_where_there_is_none(tmp_path):
    (tmp_path / "tcp_rmem").write_text("4096\t131072\t6291456\n")
    (tmp_path / "tcp_wmem").write_text("?")
    assert buffer_ceilings(tmp_path).receive == 6291456
    assert buffer_ceilings(tmp_path).send == 0
    assert buffer_ceilings(tmp_path / "none").receive == 0
