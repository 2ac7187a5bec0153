import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.consensus.put_batch import (
    FREE_BATCHES,
    LEAST_PATIENCE,
    MOST_BATCH_BYTES,
    MOST_OPERATIONS,
    MOST_PATIENCE,
    MOST_VALUE_BYTES,
    MOST_WAITING,
    PATIENCE,
    Batch,
    FullError,
    PutBatcher,
    Write,
)


def put(number: int, value: bytes = b"v") -> Write:
    return Write(key=b"%d" % number, value=value)


def written(batch: Batch | None) -> list[bytes]:
    assert batch is not None
    return [ticket.write.key for ticket in batch.tickets]


def busy(commit: float = 0.0) -> tuple[PutBatcher, list[Batch]]:
    """As many batches under way as may go out at once, with what a commit takes known."""
    batcher = PutBatcher()
    if commit:
        batcher.add(put(-1), 0.0)
        first = batcher.next(0.0)
        assert first is not None
        batcher.ended(first, commit)
    under_way = []
    for number in range(FREE_BATCHES):
        batcher.add(put(1000 + number), 0.0)
        batch = batcher.next(0.0)
        assert batch is not None
        under_way.append(batch)
    return batcher, under_way


def test_a_lone_write_goes_out_at_once():
    batcher = PutBatcher()
    batcher.add(put(1), 5.0)
    assert written(batcher.next(5.0)) == [b"1"]
    assert batcher.next(5.0) is None


def test_what_comes_while_batches_are_under_way_goes_out_together_when_one_ends():
    batcher, under_way = busy()
    for number in range(10):
        batcher.add(put(number), 1.0)
    assert batcher.next(1.0) is None
    batcher.ended(under_way[0], 0.002)
    assert written(batcher.next(1.0)) == [b"%d" % number for number in range(10)]


@pytest.mark.parametrize(
    ("commit", "patience"),
    [(0.0001, LEAST_PATIENCE), (0.1, 0.1 * PATIENCE), (9.0, MOST_PATIENCE)],
)
def test_nothing_waits_longer_for_company_than_a_share_of_a_commit(commit, patience):
    batcher, _ = busy(commit)
    batcher.add(put(1), 1.0)
    assert batcher.wake(1.0) == pytest.approx(patience)
    assert batcher.next(1.0 + patience * 0.9) is None
    assert written(batcher.next(1.0 + patience * 1.001)) == [b"1"]


def test_a_full_batch_does_not_wait():
    batcher, _ = busy()
    for number in range(MOST_OPERATIONS + 1):
        batcher.add(put(number), 1.0)
    assert len(written(batcher.next(1.0))) == MOST_OPERATIONS
    assert batcher.next(1.0) is None


def test_a_write_behind_another_one_of_its_key_waits_for_its_end_and_lets_others_pass():
    batcher = PutBatcher()
    batcher.add(put(1, b"a"), 0.0)
    first = batcher.next(0.0)
    batcher.add(put(1, b"b"), 0.0)
    batcher.add(put(2), 0.0)
    assert written(batcher.next(0.0)) == [b"2"]
    assert batcher.next(99.0) is None
    assert batcher.wake(99.0) is None
    assert first is not None
    batcher.ended(first, 0.1)
    assert written(batcher.next(99.0)) == [b"1"]


def test_a_write_that_waits_for_its_key_does_not_hurry_the_others():
    batcher, under_way = busy(0.1)
    batcher.add(put(1000), 1.0)
    batcher.add(put(1), 2.0)
    assert batcher.next(2.0) is None
    assert batcher.wake(2.0) == pytest.approx(0.1 * PATIENCE)
    batcher.ended(under_way[0])
    assert written(batcher.next(2.0)) == [b"1000", b"1"]


def test_what_waited_too_long_for_its_key_is_taken_out_and_the_key_is_free_after_that():
    batcher, under_way = busy()
    held = [batcher.add(put(1000), 1.0), batcher.add(put(1000), 2.0)]
    assert batcher.expired(3.0, 2.0) == held[:1]
    batcher.ended(under_way[0])
    again = batcher.next(3.0)
    assert written(again) == [b"1000"]
    assert batcher.expired(9.0, 2.0) == []
    batcher.ended(again)
    batcher.add(put(1000), 9.0)
    assert written(batcher.next(9.0)) == [b"1000"]


def test_what_waited_too_long_is_taken_out_and_never_sent():
    batcher, under_way = busy()
    old = batcher.add(put(1000), 1.0)
    batcher.add(put(2), 2.0)
    assert batcher.expired(3.0, 2.0) == [old]
    batcher.ended(under_way[0])
    assert written(batcher.next(3.0)) == [b"2"]
    assert batcher.waiting == 0


def test_more_than_the_bound_is_refused_at_the_door():
    batcher, _ = busy()
    for number in range(MOST_WAITING):
        batcher.add(put(number), 1.0)
    with pytest.raises(FullError):
        batcher.add(put(-2), 1.0)


def test_large_values_are_refused_before_they_fill_the_memory():
    batcher, _ = busy()
    with pytest.raises(FullError):
        for number in range(100):
            batcher.add(put(number, bytes(MOST_VALUE_BYTES)), 1.0)
    assert batcher.waiting < 70


WRITES = st.lists(
    st.builds(
        Write,
        key=st.sampled_from([b"a", b"b", b"c", b"d" * 1024]),
        value=st.sampled_from([None, b"", b"v", bytes(500_000), bytes(MOST_VALUE_BYTES)]),
        expected=st.none() | st.integers(0, 9),
    ),
    max_size=40,
)


@given(WRITES, st.data())
def test_whatever_comes_each_write_goes_once_within_etcds_limits_and_in_the_order_of_its_key(writes, data):
    batcher, open_batches = busy()
    now, todo, sent = 1.0, list(writes), []
    while todo or batcher.waiting or open_batches:
        now += data.draw(st.sampled_from([0.0, 0.0005, 0.01]))
        if todo and data.draw(st.booleans()):
            batcher.add(todo.pop(0), now)
        elif open_batches:
            batcher.ended(open_batches.pop(data.draw(st.integers(0, len(open_batches) - 1))), 0.001)
        while (batch := batcher.next(now)) is not None:
            keys = written(batch)
            under_way = {ticket.write.key for other in open_batches for ticket in other.tickets}
            assert len(set(keys)) == len(keys) <= MOST_OPERATIONS
            assert not under_way & set(keys)
            assert sum(ticket.write.cost for ticket in batch.tickets) <= MOST_BATCH_BYTES
            sent += [ticket.write for ticket in batch.tickets]
            open_batches.append(batch)
    for key in {write.key for write in writes}:
        assert [w for w in sent if w.key == key] == [w for w in writes if w.key == key]
    assert len(sent) == len(writes)


def test_nothing_is_left_behind_when_no_clock_and_no_end_comes_to_its_help():
    batcher, _ = busy(0.1)
    batcher.add(put(1), 1.0)
    assert batcher.wake(1.0) is not None
