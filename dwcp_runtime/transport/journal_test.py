import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.transport import journal
from dwcp_runtime.transport.journal import Record, Stage

STAGE = Stage(transfer=b"t" * 16, size=10 << 20, block_size=1 << 20, name_hash=b"n" * 32)
RECORDS = [Record(start=3, count=1, digest=b"d" * 16), Record(start=0, count=3, digest=b"z" * 16)]
WHOLE = journal.header(STAGE) + b"".join(map(journal.record, RECORDS))


def read(data):
    return list(journal.read_records(data, blocks=10))


def test_what_was_written_is_read():
    assert journal.read_header(WHOLE) == STAGE
    assert read(WHOLE) == RECORDS


@given(st.integers(0, len(WHOLE) - 1))
def test_a_journal_cut_anywhere_keeps_the_records_before_the_cut(cut):
    data = WHOLE[:cut]
    if cut < journal.HEADER_SIZE:
        assert journal.read_header(data) is None
    whole = max(0, (cut - journal.HEADER_SIZE) // journal.RECORD_SIZE)
    assert read(data) == RECORDS[:whole]


@given(st.integers(0, len(WHOLE) * 8 - 1))
def test_a_flipped_bit_never_makes_another_header_or_record(bit):
    data = bytearray(WHOLE)
    data[bit // 8] ^= 1 << bit % 8

    assert journal.read_header(bytes(data)) in (STAGE, None)
    if bit // 8 < journal.HEADER_SIZE:
        assert journal.read_header(bytes(data)) is None
    else:
        assert read(bytes(data)) == RECORDS[: (bit // 8 - journal.HEADER_SIZE) // journal.RECORD_SIZE]


@given(st.binary(max_size=300))
def test_any_bytes_are_no_journal_rather_than_an_error(data):
    assert journal.read_header(data) is None
    assert read(data) == []


@pytest.mark.parametrize(
    "record", [Record(start=9, count=2, digest=b"d" * 16), Record(start=1, count=0, digest=b"d" * 16)]
)
def test_a_record_of_blocks_that_do_not_exist_counts_for_nothing(record):
    assert read(journal.header(STAGE) + journal.record(record)) == []
