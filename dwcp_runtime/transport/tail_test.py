from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.transport.tail import Load, held, late

BLOCK = 1 << 20

loads = st.lists(
    st.tuples(st.floats(0, 1e8), st.floats(0, 1e9)), min_size=1, max_size=20, unique_by=lambda pair: pair
).map(lambda pairs: [Load(stream=n, waiting=w, rate=r) for n, (w, r) in enumerate(pairs, 1)])


@given(loads, st.floats(0, 1e10))
def test_there_is_always_a_stream_that_may_take_a_block(streams, left):
    assert len(held(streams, left=left, block=BLOCK)) < len(streams)


def test_a_slow_stream_takes_blocks_until_the_others_would_have_to_wait_for_its_last_one():
    fast = [Load(stream=n, waiting=2 * BLOCK, rate=10 * BLOCK) for n in (1, 2, 3)]
    slow = Load(stream=4, waiting=BLOCK, rate=BLOCK)

    assert held([*fast, slow], left=100 * BLOCK, block=BLOCK) == frozenset()
    assert held([*fast, slow], left=10 * BLOCK, block=BLOCK) == {4}
    assert held([*fast, slow], left=0, block=BLOCK) == {4}


def test_streams_alike_are_not_held():
    alike = [Load(stream=n, waiting=2 * BLOCK, rate=3 * BLOCK) for n in range(8)]

    assert held(alike, left=8 * BLOCK, block=BLOCK) == frozenset()


def test_a_stream_of_which_nothing_is_known_is_neither_held_nor_late():
    known = Load(stream=1, waiting=0, rate=BLOCK)
    new = Load(stream=2, waiting=BLOCK, rate=0)

    assert held([known, new], left=0, block=BLOCK) == frozenset()
    assert late([known, new], block=BLOCK) == frozenset()


def test_what_waits_in_a_stream_goes_twice_only_if_an_idle_one_is_much_faster():
    slow = Load(stream=1, waiting=BLOCK, rate=BLOCK / 4)

    assert late([slow, Load(stream=2, waiting=0, rate=4 * BLOCK)], block=BLOCK) == {1}
    assert late([slow, Load(stream=2, waiting=1, rate=4 * BLOCK)], block=BLOCK) == frozenset()
    assert late([slow, Load(stream=2, waiting=0, rate=BLOCK / 2)], block=BLOCK) == frozenset()
    assert late([slow], block=BLOCK) == frozenset()


def test_what_is_stuck_goes_by_an_idle_stream_also_when_that_one_was_too_quick_to_be_measured():
    stuck = Load(stream=1, waiting=3 * BLOCK, rate=1.0)
    assert late([stuck, Load(stream=2, waiting=0, rate=0)], block=BLOCK) == {1}
    assert late(
        [Load(stream=1, waiting=BLOCK, rate=8 * BLOCK), Load(stream=2, waiting=0, rate=0)], block=BLOCK
    ) == (frozenset())
