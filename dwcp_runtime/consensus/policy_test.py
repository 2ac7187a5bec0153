from dataclasses import replace

from dwcp_runtime.consensus.policy import decide
from dwcp_runtime.consensus.view import AddLearner, Memory
from dwcp_runtime.consensus.views_for_tests import NOW, down, joiner, view, voter

FRESH = Memory()


def test_only_the_leader_changes_the_group():
    group = view(voter(0), joiners=[joiner(1)])
    assert isinstance(decide(group, FRESH).action, AddLearner)
    follower = view(voter(0), voter(1), leader=0, me=101, joiners=[joiner(2)])
    decision = decide(follower, FRESH)
    assert decision.action is None
    assert decision.reasons == ("c-0 leads and decides",)


def test_nothing_is_changed_while_no_leader_is_known():
    assert decide(replace(view(voter(0), joiners=[joiner(1)]), leader=None), FRESH).action is None


def test_nothing_is_changed_without_a_quorum():
    decision = decide(view(voter(0), down(voter(1)), joiners=[joiner(1, "new")]), FRESH)
    assert decision.action is None
    assert decision.reasons == ("no quorum: 1 of 2 voters answer",)


def test_waiting_times_start_anew_with_a_new_term():
    even = view(*(voter(o) for o in range(4)))
    waited = Memory(term=0, uneven_since=NOW - 10**6)
    decision = decide(even, waited)
    assert decision.action is None
    assert decision.memory.uneven_since == NOW
    assert decide(even, Memory(term=1, uneven_since=NOW - 10**6)).action is not None
