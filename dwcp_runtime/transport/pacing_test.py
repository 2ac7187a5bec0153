import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.transport.pacing import DRAIN, FAIR, KEPT, OWN, PROBE, PacingCaps


def look(caps, *rates, queued=True, clean=False):
    return caps.look(dict(enumerate(rates, 1)), queued=queued, clean=clean)


def test_streams_that_still_fill_the_path_are_not_capped():
    caps = PacingCaps()

    assert look(caps, 0, 0) is None
    assert [look(caps, each, each) for each in (1e6, 2e6, 4e6, 6e6)] == [None] * 4


def test_streams_that_gain_nothing_are_not_capped_while_nothing_waits_in_a_queue():
    caps = PacingCaps()

    assert [look(caps, 1e6, 1e6, queued=False) for _ in range(20)] == [None] * 20
    assert look(caps, 1e6, 1e6) is not None


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


def filled(*rates):
    caps = PacingCaps()
    for _ in range(20):
        look(caps, *rates, clean=True)
    return caps


def test_on_a_clean_path_all_streams_together_may_send_hardly_more_than_it_carries():
    caps = filled(4e6, 4e6)
    probing = look(caps, 4e6, 4e6, queued=False, clean=True)
    draining = look(caps, 4e6, 4e6, queued=True, clean=True)

    assert sum(probing.values()) == pytest.approx(PROBE * 8e6, rel=1e-4)
    assert sum(draining.values()) == pytest.approx(DRAIN * 8e6, rel=1e-4)


def test_on_a_clean_path_that_became_faster_the_caps_grow_with_what_arrives():
    caps = filled(4e6, 4e6)
    rate = 4e6
    for _ in range(40):
        rate = min(20e6, look(caps, rate, rate, queued=False, clean=True)[1])

    assert rate == 20e6


def test_round_trips_that_are_long_for_another_reason_than_a_queue_cost_no_more_than_a_share():
    caps = filled(4e6, 4e6)
    rate = 4e6
    for _ in range(40):
        rate = min(rate, 0.95 * look(caps, rate, rate, queued=True, clean=True)[1])

    assert rate >= 0.95 * KEPT * 0.8 * 4e6


def test_a_beginning_that_is_given_holds_until_twice_as_much_is_seen_to_arrive():
    caps = PacingCaps(begin=12e6)

    assert look(caps, 0, 0) == {1: 6e6, 2: 6e6}
    assert look(caps, 2e6, 2e6, queued=False) == {1: 6e6, 2: 6e6}
    assert look(caps, 5e6, 5e6, queued=False) == {1: 10e6, 2: 10e6}


@given(st.lists(st.lists(st.floats(0, 1e10), min_size=3, max_size=3), min_size=1, max_size=30))
def test_the_caps_together_let_through_what_was_delivered(looks):
    caps = PacingCaps()
    for rates in looks:
        found = look(caps, *rates)
        assert found is None or sum(found.values()) >= sum(rates) - 3
