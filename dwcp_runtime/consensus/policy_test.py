from dataclasses import replace

from dwcp_runtime.consensus.policy import decide
from dwcp_runtime.consensus.timing import DEFAULT
from dwcp_runtime.consensus.view import (
    AddLearner,
    AllowRestart,
    Defragment,
    DisarmNoSpace,
    Memory,
    MoveLeader,
    Promote,
    SetWantedTimings,
    TakeSnapshot,
    Timings,
)
from dwcp_runtime.consensus.views_for_tests import NOW, down, joiner, learner, view, voter

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


def test_each_member_is_saved_by_its_own_agent():
    members = [voter(o) for o in range(3)]
    follower = view(*members, me=101, snapshot_age=None)
    assert decide(follower, FRESH).action == TakeSnapshot()
    assert decide(replace(follower, leader=None), FRESH).action is None


def test_an_attempt_at_upkeep_is_remembered_in_the_next_turn_and_term():
    old = view(voter(0), snapshot_age=None)
    first = decide(old, FRESH)
    assert first.action == TakeSnapshot()
    assert decide(replace(old, term=2), first.memory).action is None


WAN = Timings(heartbeat_ms=200, election_ms=2000)


def everything():
    """A leader with something of every kind to do, each in the way of none but the ones after it."""
    sparse = {"db_size": 1 << 30, "db_in_use": 1 << 20}
    trips = {0: {"c-1": 0.2, "c-2": 0.2}, 1: {"c-0": 0.2, "c-2": 0.01}, 2: {}}
    members = [voter(o, timings=DEFAULT, round_trips=trips[o], **sparse) for o in range(3)]
    return view(*members, snapshot_age=None, quota=1 << 40)


def without(group, **differences):
    return replace(group, members=tuple(replace(m, **differences) for m in group.members))


def test_concerns_come_in_their_order():
    waited = Memory(term=1, timings_since=0.0, placement_candidate=101, placement_since=0.0)
    quiet = everything()
    alarmed = replace(
        quiet, members=(replace(quiet.members[0], alarms=frozenset({"NOSPACE"})), *quiet.members[1:])
    )
    extra = (learner(3, timings=DEFAULT), learner(4, timings=DEFAULT))
    assert isinstance(decide(alarmed, waited).action, DisarmNoSpace)
    growing = replace(quiet, members=(*quiet.members, *extra), wanted_timings=WAN)
    assert isinstance(decide(growing, waited).action, Promote)
    stale = replace(quiet, wanted_timings=WAN)
    assert isinstance(decide(stale, waited).action, AllowRestart)
    assert isinstance(decide(quiet, waited).action, SetWantedTimings)
    agreed = replace(without(quiet, timings=WAN), wanted_timings=WAN)
    assert isinstance(decide(agreed, waited).action, MoveLeader)
    placed = replace(agreed, me=101, leader=101)
    assert decide(placed, waited).action == TakeSnapshot()
    assert isinstance(decide(replace(placed, snapshot_age=0.0), waited).action, Defragment)


def test_damage_is_told_and_left_to_people():
    damaged = view(voter(0), voter(1), voter(2, alarms=frozenset({"CORRUPT"})))
    decision = decide(damaged, FRESH)
    assert decision.action is None
    assert "c-2 differs from" in decision.reasons[0]
