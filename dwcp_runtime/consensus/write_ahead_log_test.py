import struct

from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.write_ahead_log import LogEnd, end_of


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def numbers(**fields):
    return b"".join(varint(int(field[1:]) << 3) + varint(value) for field, value in fields.items())


def frame(kind, data):
    record = numbers(f1=kind, f2=7) + varint(3 << 3 | 2) + varint(len(data)) + data
    padding = -len(record) % 8
    head = len(record) | ((0x80 | padding) << 56 if padding else 0)
    return struct.pack("<Q", head) + record + b"\0" * padding


def entry(term, index):
    return frame(2, numbers(f1=0, f2=term, f3=index))


@given(st.lists(st.tuples(st.integers(1, 2**40), st.integers(1, 2**60)), min_size=1, max_size=20))
def test_the_end_is_the_last_entry_wherever_segments_are_split(entries):
    frames = [entry(*each) for each in entries]
    for split in range(len(frames) + 1):
        found = end_of([b"".join(frames[:split]), b"".join(frames[split:])])
        assert (found.term, found.index) == entries[-1]


@given(st.integers(1, 19))
def test_a_log_that_was_cut_short_ends_with_its_last_whole_entry(cut):
    whole = entry(1, 1) + entry(1, 2)
    assert end_of([(whole + entry(1, 3))[: len(whole) + cut]]).index == 2


def test_what_is_committed_and_a_received_snapshot_count():
    state = frame(3, numbers(f1=2, f2=1, f3=5))
    assert end_of([entry(2, 6) + state]) == LogEnd(term=2, index=6, committed=5)
    assert end_of([entry(2, 6) + frame(5, numbers(f1=9, f2=3))]) == LogEnd(term=3, index=9)
    assert end_of([entry(2, 6) + b"\0" * 64]).index == 6


@given(st.lists(st.binary(max_size=200), max_size=3))
def test_no_bytes_end_in_an_error(segments):
    assert end_of(segments).index >= 0


def test_a_real_log_ends_where_its_etcd_says(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            for number in range(50):
                await gateway.put(b"k%d" % number, b"v" * number)
            return await gateway.status()

    status = run(work())
    etcd.process.kill()
    etcd.process.wait()
    segments = sorted((etcd.data / "member" / "wal").glob("*.wal"))
    found = end_of([segment.read_bytes() for segment in segments])
    assert found.term == status.term
    assert found.index >= status.raft_index
    assert found.committed <= found.index
