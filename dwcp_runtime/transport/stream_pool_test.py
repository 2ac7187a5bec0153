import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.transport.stream_pool import StreamPool


def pool(**wanted):
    made = StreamPool(minimum=2, maximum=8)
    for transfer, streams in wanted.items():
        assert made.join(transfer, streams)
    return made


def test_who_is_alone_gets_what_he_wants_up_to_the_maximum():
    assert pool(a=5).shares() == {"a": 5}
    assert pool(a=500).shares() == {"a": 8}


def test_who_wants_little_gets_it_and_the_others_share_the_rest():
    assert pool(a=100, b=1, c=100).shares() == {"a": 4, "b": 1, "c": 3}


def test_a_newcomer_takes_from_those_who_have_much():
    made = pool(a=8)
    made.join("b", 8)
    assert made.shares() == {"a": 4, "b": 4}
    made.leave("a")
    assert made.shares() == {"b": 8}


def test_a_transfer_beyond_the_last_stream_is_not_let_in():
    made = pool(**{f"t{number}": 8 for number in range(8)})
    assert not made.join("late")
    assert made.join("t0")
    made.leave("t3")
    made.leave("t3")
    assert made.join("late")


def test_an_agent_short_of_memory_keeps_the_minimum_and_one_for_each():
    made = pool(a=8)
    made.bear(0)
    assert made.shares() == {"a": 2}
    made.bear(8)
    for name in "bcd":
        made.join(name, 8)
    made.bear(0)
    assert made.shares() == dict.fromkeys("abcd", 1)
    made.bear(10_000)
    assert made.capacity == 8


def test_the_room_of_a_transfer_is_what_it_would_get_by_asking_for_all():
    made = pool(a=1, b=8)
    assert made.shares()["a"] == 1
    assert made.room("a") == 4
    made.want("a", made.room("a"))
    assert made.shares()["a"] == 4


def test_a_transfer_that_is_not_in_is_a_mistake():
    with pytest.raises(KeyError):
        pool(a=1).want("b", 1)
    with pytest.raises(KeyError):
        pool(a=1).room("b")


@pytest.mark.parametrize(("minimum", "maximum"), [(0, 4), (5, 4), (-1, -1)])
def test_bounds_that_make_no_sense_are_refused(minimum, maximum):
    with pytest.raises(ValueError, match="need 1 <= minimum <= maximum"):
        StreamPool(minimum=minimum, maximum=maximum)


@given(
    st.integers(1, 512).flatmap(lambda high: st.tuples(st.integers(1, high), st.just(high))),
    st.lists(st.integers(-3, 600), max_size=40),
    st.integers(0, 600),
)
def test_shares_are_bounded_fair_and_use_what_is_wanted(bounds, wants, bearable):
    made = StreamPool(minimum=bounds[0], maximum=bounds[1])
    made.bear(bearable)
    joined = {str(number): max(1, want) for number, want in enumerate(wants) if made.join(str(number), want)}
    shares = made.shares()
    assert shares.keys() == joined.keys()
    assert sum(shares.values()) == min(made.capacity, sum(joined.values()))
    assert bounds[0] <= made.capacity <= bounds[1]
    for transfer, share in shares.items():
        assert 1 <= share <= joined[transfer]
        if share < joined[transfer]:
            assert max(shares.values()) <= share + 1


def test_other_bounds_keep_those_who_are_in():
    pool = StreamPool(minimum=1, maximum=4)
    assert all(pool.join(name, 4) for name in "abc")
    pool.resize(minimum=1, maximum=2)

    assert pool.shares() == {"a": 1, "b": 1, "c": 1}
    assert not pool.join("d")
    pool.leave("a")
    pool.leave("b")
    pool.resize(minimum=1, maximum=2)
    assert pool.room("c") == 2
    with pytest.raises(ValueError, match="1 <= minimum <= maximum"):
        pool.resize(minimum=3, maximum=2)
