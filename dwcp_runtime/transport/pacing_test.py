from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.transport.pacing import FAIR, OWN, PacingCaps


def look(caps, *rates):
    return caps.look(dict(enumerate(rates, 1)))


def test_streams_that_still_fill_the_path_are_not_capped():
    caps = PacingCaps()

    assert look(caps, 0, 0) is None
    assert [look(caps, each, each) for each in (1e6, 2e6, 4e6, 6e6)] == [None] * 4


def test_once_the_path_is_full_the_streams_may_pace_little_more_than_it_carries():
    caps = PacingCaps()
    look(caps, 4e6, 4e6)

    assert look(caps, 4e6, 4e6) == {1: OWN * 4e6, 2: OWN * 4e6}


def test_a_weak_stream_may_always_reach_its_share_and_a_strong_one_keeps_what_it_has():
    caps = PacingCaps()
    look(caps, 1e6, 9e6)

    assert look(caps, 1e6, 9e6) == {1: FAIR * 5e6, 2: OWN * 9e6}


def test_the_caps_follow_a_path_that_becomes_faster_and_one_that_becomes_slower():
    caps = PacingCaps()
    look(caps, 1e6)
    faster = [look(caps, rate)[1] for rate in (1e6, 1.5e6, 2.25e6)]
    slower = [look(caps, 1e6)[1] for _ in range(200)]

    assert faster == [OWN * 1e6, OWN * 1.5e6, OWN * 2.25e6]
    assert slower[-1] == OWN * 1e6


@given(st.lists(st.lists(st.floats(0, 1e10), min_size=3, max_size=3), min_size=1, max_size=30))
def test_the_caps_together_let_through_what_was_delivered(looks):
    caps = PacingCaps()
    for rates in looks:
        found = look(caps, *rates)
        assert found is None or sum(found.values()) >= sum(rates) - 3
