import pytest

from dwcp_runtime.consensus.group_keys import Agreed
from dwcp_runtime.consensus.restart import timings_to_take_up
from dwcp_runtime.consensus.timing import DEFAULT
from dwcp_runtime.consensus.view import Timings
from dwcp_runtime.consensus.views_for_tests import learner, view, voter

SLOW = Timings(heartbeat_ms=150, election_ms=1500)
THREE = [voter(o) for o in range(3)]


def taken(seen, *, rolling="c-0", wanted=SLOW, running=DEFAULT, same_ca=True):
    agreed = Agreed(rolling=rolling, timings=wanted)
    return timings_to_take_up(name="c-0", agreed=agreed, view=seen, running=running, same_ca=same_ca)


def test_a_follower_restarts_in_its_turn_and_never_in_anothers():
    assert taken(view(*THREE, leader=1, me=100)) == SLOW
    assert taken(view(*THREE, leader=1, me=100), rolling="c-2") is None
    assert taken(view(*THREE, leader=1, me=100), rolling=None) is None


def test_a_leader_of_others_does_not_restart():
    assert taken(view(*THREE)) is None


@pytest.mark.parametrize("beside", [[], [learner(1)]], ids=["alone", "beside a learner"])
def test_the_only_voter_restarts_though_it_leads(beside):
    assert taken(view(voter(0), *beside)) == SLOW


def test_a_learner_restarts_in_its_turn():
    assert taken(None) == SLOW


def test_another_authority_is_reason_enough():
    alone = view(voter(0))
    assert taken(alone, wanted=None) is None
    assert taken(alone, wanted=None, same_ca=False) == DEFAULT
