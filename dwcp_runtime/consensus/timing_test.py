from dataclasses import replace

import pytest

from dwcp_runtime.consensus.timing import (
    CHANGE_SECONDS,
    DEFAULT,
    MAX_ELECTION_MS,
    agree,
    for_round_trip,
    roll,
)
from dwcp_runtime.consensus.view import AllowRestart, ClearRestart, MoveLeader, SetWantedTimings, Timings
from dwcp_runtime.consensus.views_for_tests import NOW, down, learner, unstarted, view, voter

WAN = Timings(heartbeat_ms=150, election_ms=1500)
LONG_AGO = NOW - CHANGE_SECONDS


def apart(seconds, *members):
    """Members that measure the same round trip to each other."""
    trips = {member.name: seconds for member in members}
    return [replace(member, round_trips=trips) for member in members]


def three(seconds=0.150, timings=DEFAULT):
    return apart(seconds, *(voter(o, timings=timings) for o in range(3)))


@pytest.mark.parametrize("milliseconds", [100, 101, 150, 210.5, 800, 3000])
def test_the_heartbeat_is_about_the_round_trip_and_the_election_ten_heartbeats(milliseconds):
    timings = for_round_trip(milliseconds / 1000)
    assert 0.5 * milliseconds <= timings.heartbeat_ms <= 1.5 * milliseconds
    assert timings.election_ms >= 10 * timings.heartbeat_ms
    assert timings.election_ms >= 10 * milliseconds


@pytest.mark.parametrize("seconds", [0.0, 0.0002, 0.05])
def test_near_members_keep_etcds_own_timings(seconds):
    assert for_round_trip(seconds) == DEFAULT


def test_timings_stay_within_what_etcd_accepts():
    assert for_round_trip(60.0).election_ms == MAX_ELECTION_MS


def test_the_longest_line_between_voters_decides():
    members = three(0.001)
    members[2] = replace(members[2], round_trips={"c-0": 0.2, "c-1": 0.001})
    action = agree(view(*members), LONG_AGO).action
    assert action == SetWantedTimings(timings=Timings(heartbeat_ms=200, election_ms=2000), generation=1)


def test_new_timings_are_agreed_on_after_a_while_and_not_before():
    first = agree(view(*three()), None)
    assert (first.action, first.since) == (None, NOW)
    assert agree(view(*three()), LONG_AGO + 1).action is None
    assert agree(view(*three()), LONG_AGO).action == SetWantedTimings(timings=WAN, generation=1)


@pytest.mark.parametrize("seconds", [0.116, 0.190])
def test_timings_that_differ_little_are_left_alone(seconds):
    assert agree(view(*three(seconds), wanted_timings=WAN), LONG_AGO).since is None


@pytest.mark.parametrize("seconds", [0.001, 0.2])
def test_timings_follow_up_and_down(seconds):
    assert (
        agree(view(*three(seconds), wanted_timings=WAN, timings_generation=4), LONG_AGO).action.generation
        == 5
    )


def test_nothing_is_agreed_on_while_a_line_is_unmeasured_or_a_voter_away():
    members = three()
    unmeasured = [replace(members[0], round_trips={}), replace(members[1], round_trips={}), members[2]]
    assert agree(view(*unmeasured), LONG_AGO).action is None
    assert agree(view(*members[:2], down(members[2])), LONG_AGO).action is None


def test_a_line_that_one_end_measures_is_measured():
    members = three()
    one_sided = [members[0], members[1], replace(members[2], round_trips={})]
    assert agree(view(*one_sided), LONG_AGO).action is not None


def group(*new, rolling=None, leader=0, count=3, extra=(), **differences):
    """Voters of which those in `new` run with the agreed timings already."""
    members = [voter(o, timings=WAN if o in new else DEFAULT) for o in range(count)]
    return view(*members, *extra, leader=leader, wanted_timings=WAN, timings_generation=7, rolling=rolling)


def test_followers_restart_first_highest_ordinal_first():
    assert roll(group(), under_way=False).action == AllowRestart(name="c-2", generation=7)
    assert roll(group(2), under_way=False).action == AllowRestart(name="c-1", generation=7)
    assert roll(group(leader=2), under_way=False).action == AllowRestart(name="c-1", generation=7)


def test_the_leader_restarts_last_and_as_a_follower():
    action = roll(group(1, 2), under_way=False).action
    assert isinstance(action, MoveLeader)
    assert action.to == 101
    assert roll(group(1, 2, leader=1), under_way=False).action == AllowRestart(name="c-0", generation=7)


def test_a_group_of_one_restarts_its_leader():
    assert roll(group(count=1), under_way=False).action == AllowRestart(name="c-0", generation=7)


def test_a_group_that_runs_as_agreed_restarts_nobody():
    assert roll(group(0, 1, 2), under_way=False).action is None


def test_one_member_restarts_at_a_time():
    gone = replace(group(rolling="c-2"), members=(*group().members[:2], down(voter(2))))
    assert roll(gone, under_way=False).action is None
    assert roll(group(rolling="c-2"), under_way=False).action is None


def test_a_turn_ends_when_the_member_is_back_with_the_new_timings_and_has_caught_up():
    assert roll(group(2, rolling="c-2"), under_way=False).action == ClearRestart(name="c-2")
    late = group(2, rolling="c-2")
    late = replace(late, members=(*late.members[:2], replace(late.members[2], raft_index=1)))
    assert roll(late, under_way=False).action is None


def test_a_member_that_was_elected_in_its_turn_gives_leadership_away_before_it_restarts():
    action = roll(group(rolling="c-0"), under_way=False).action
    assert isinstance(action, MoveLeader)
    assert action.to == 101
    assert roll(group(count=1, rolling="c-0"), under_way=False).action is None


def test_the_turn_of_a_member_that_was_removed_ends():
    assert roll(group(rolling="c-9"), under_way=False).action == ClearRestart(name="c-9")


@pytest.mark.parametrize(
    "extra", [down(voter(3)), down(learner(3)), unstarted(3), learner(3, behind=10**6)], ids=str
)
def test_nobody_restarts_while_a_member_is_away_or_behind(extra):
    step = roll(group(extra=(extra,)), under_way=False)
    assert step.action is None
    assert step.reasons


def test_nobody_restarts_while_the_members_change():
    assert roll(group(), under_way=True).action is None


def test_a_turn_that_was_not_taken_yet_is_taken_back_when_another_member_fails():
    members = (voter(0, timings=DEFAULT), down(voter(1)), voter(2, timings=DEFAULT))
    failed = replace(group(rolling="c-2"), members=members)
    assert roll(failed, under_way=False).action == ClearRestart(name="c-2")
    assert roll(group(rolling="c-2"), under_way=True).action == ClearRestart(name="c-2")


def test_a_new_ca_is_rolled_out_the_same_way():
    members = [voter(o, ca_digest="old", ca_file_digest="new") for o in range(3)]
    assert roll(view(*members), under_way=False).action == AllowRestart(name="c-2", generation=0)
    current = [voter(o, ca_digest="new", ca_file_digest="new") for o in range(3)]
    assert roll(view(*current), under_way=False).action is None


def test_a_member_whose_agent_is_silent_is_not_restarted():
    assert roll(view(*(voter(o) for o in range(3)), wanted_timings=WAN), under_way=False).action is None
