import struct

from hypothesis import example, given
from hypothesis import strategies as st

from dwcp_runtime.transport import tcp_info
from dwcp_runtime.transport.conftest import tcp_pair
from dwcp_runtime.transport.tcp_info import SIZE, parse


def made(**fields):
    """The struct with some fields set; offsets counted by hand from include/uapi/linux/tcp.h."""
    offsets = {
        "snd_mss": (16, "I"),
        "unacked": (24, "I"),
        "last_ack_recv": (56, "I"),
        "pmtu": (60, "I"),
        "rtt": (68, "I"),
        "snd_cwnd": (80, "I"),
        "total_retrans": (100, "I"),
        "pacing_rate": (104, "Q"),
        "bytes_acked": (120, "Q"),
        "notsent": (144, "I"),
        "min_rtt": (148, "I"),
        "delivery_rate": (160, "Q"),
        "busy_time": (168, "Q"),
        "rwnd_limited": (176, "Q"),
        "sndbuf_limited": (184, "Q"),
        "bytes_sent": (200, "Q"),
        "bytes_retrans": (208, "Q"),
    }
    data = bytearray(SIZE)
    for name, value in fields.items():
        offset, kind = offsets[name]
        struct.pack_into(f"={kind}", data, offset, value)
    return bytes(data)


def test_every_field_is_read_from_its_place_in_its_unit():
    info = parse(
        made(
            snd_mss=1448, unacked=3, last_ack_recv=2500, pmtu=1500, rtt=50_000, snd_cwnd=77, total_retrans=5,
            pacing_rate=1 << 40, bytes_acked=1 << 41, notsent=9, min_rtt=49_000, delivery_rate=1 << 42,
            busy_time=7_000_000, rwnd_limited=2_000_000, sndbuf_limited=1_000_000, bytes_sent=1 << 43,
            bytes_retrans=11,
        )
    )  # fmt: skip
    assert (info.mss, info.unacked, info.since_ack, info.path_mtu) == (1448, 3, 2.5, 1500)
    assert (info.rtt, info.snd_cwnd, info.retrans_total) == (0.05, 77, 5)
    assert (info.pacing_rate, info.bytes_acked, info.notsent) == (1 << 40, 1 << 41, 9)
    assert (info.min_rtt, info.delivery_rate) == (0.049, 1 << 42)
    assert (info.busy_time, info.rwnd_limited, info.sndbuf_limited) == (7.0, 2.0, 1.0)
    assert (info.bytes_sent, info.bytes_retrans) == (1 << 43, 11)


@given(st.binary(max_size=SIZE + 64))
@example(b"\xff" * SIZE)
def test_any_bytes_of_any_length_give_numbers_and_never_an_error(data):
    info = parse(data)
    assert info.rtt >= 0
    assert info.min_rtt < 4294.967295


@given(st.binary(min_size=SIZE, max_size=SIZE), st.integers(0, SIZE))
def test_a_shorter_struct_gives_the_same_for_what_it_has_and_0_for_the_rest(data, length):
    whole, cut = parse(data), parse(data[:length])
    for name in ("rtt", "mss", "bytes_acked", "delivery_rate", "busy_time", "bytes_retrans"):
        assert getattr(cut, name) in (getattr(whole, name), 0)
    if length >= 72:
        assert cut.rtt == whole.rtt
    if length < 216:
        assert cut.bytes_retrans == 0
    if length >= 216:
        assert cut.bytes_retrans == whole.bytes_retrans


@given(st.binary(min_size=SIZE, max_size=SIZE), st.binary(max_size=64))
def test_a_longer_struct_of_a_newer_kernel_changes_nothing(data, more):
    assert parse(data + more) == parse(data)


def test_a_kernel_without_a_sample_of_the_least_rtt_says_so_by_all_ones():
    assert parse(made(min_rtt=0xFFFFFFFF)).min_rtt == 0


def test_loss_is_the_share_sent_again_since_the_sample_before():
    before = parse(made(bytes_sent=1000, bytes_retrans=500))
    after = parse(made(bytes_sent=2000, bytes_retrans=510))
    assert after.loss_since(before) == 0.01
    assert before.loss_since(before) == 0
    # A new connection counts from 0 again.
    assert before.loss_since(after) == 0


def test_a_path_is_silent_only_while_an_answer_is_due():
    assert parse(made(unacked=1, last_ack_recv=16_000)).silent(15)
    assert not parse(made(unacked=0, last_ack_recv=16_000)).silent(15)
    assert not parse(made(unacked=1, last_ack_recv=14_000)).silent(15)


def test_the_kernel_counts_what_a_connection_carried():
    left, right = tcp_pair()
    with left, right:
        left.sendall(bytes(10_000))
        have = 0
        while have < 10_000:
            have += len(right.recv(65536))
        assert tcp_info.read(left).bytes_sent == 10_000
        assert tcp_info.read(right).bytes_received == 10_000
        assert tcp_info.read(left).mss > 500
        assert tcp_info.read(left).snd_cwnd > 0
    assert tcp_info.read(left) is None
