from dataclasses import replace
from math import inf

import pytest

from dwcp_runtime.consensus.placement import STEADY_SECONDS, commit_seconds, place
from dwcp_runtime.consensus.view import MoveLeader
from dwcp_runtime.consensus.views_for_tests import NOW, down, view, voter

LONG_AGO = NOW - STEADY_SECONDS


def line(*seconds, **differences):
    """Voters along a line, so far from the first one; c-0 leads."""
    members = []
    for ordinal, here in enumerate(seconds):
        trips = {f"c-{o}": abs(here - there) for o, there in enumerate(seconds)}
        members.append(voter(ordinal, round_trips=trips))
    return view(*members, **differences)


def changed(group, ordinal, member):
    return replace(group, members=tuple(member if m.ordinal == ordinal else m for m in group.members))


def test_a_commit_waits_for_the_fastest_others_that_complete_a_quorum():
    group = line(0.0, 0.100, 0.110, 0.120, 0.900)
    assert commit_seconds(group, group.members[0]) == pytest.approx(0.110)
    assert commit_seconds(group, group.members[2]) == pytest.approx(0.010)


def test_a_commit_waits_for_disks_as_well():
    group = view(
        voter(0, commit_seconds=0.030, round_trips={"c-1": 0.001, "c-2": 0.050}),
        voter(1, commit_seconds=0.004, round_trips={"c-2": 0.050}),
        voter(2, commit_seconds=0.001),
    )
    assert commit_seconds(group, group.members[0]) == pytest.approx(0.030)
    assert commit_seconds(group, group.members[1]) == pytest.approx(0.031)


def test_a_lone_voter_waits_for_its_own_disk():
    group = view(voter(0, commit_seconds=0.007))
    assert commit_seconds(group, group.members[0]) == 0.007


def test_a_member_with_too_few_measured_lines_costs_infinitely_much():
    group = view(voter(0), voter(1), voter(2))
    assert commit_seconds(group, group.members[0]) == inf
    assert place(group, 101, LONG_AGO).action is None


def test_leadership_moves_to_a_better_place_after_a_while_and_not_before():
    group = line(0.0, 0.100, 0.110)
    first = place(group, None, None)
    assert (first.action, first.candidate, first.since) == (None, 101, NOW)
    assert place(group, 101, LONG_AGO + 1).action is None
    action = place(group, 101, LONG_AGO).action
    assert isinstance(action, MoveLeader)
    assert action.to == 101
    assert action.for_placement


def test_another_candidate_starts_the_wait_anew():
    assert place(line(0.0, 0.100, 0.110), 102, LONG_AGO).action is None


@pytest.mark.parametrize("seconds", [(0.0, 0.050, 0.092), (0.0, 0.004, 0.005)])
def test_a_small_gain_moves_nobody(seconds):
    assert place(line(*seconds), 101, LONG_AGO).candidate is None


def test_leadership_moves_a_few_times_an_hour_and_no_more():
    group = line(0.0, 0.100, 0.110, placement_moves=3)
    placed = place(group, 101, LONG_AGO)
    assert placed.action is None
    assert "within the hour" in placed.reasons[0]
    assert place(replace(group, placement_moves=2), 101, LONG_AGO).action is not None


def test_nobody_leads_who_is_away_behind_or_about_to_be_removed():
    group = line(0.0, 0.100, 0.110)
    assert place(group, None, None).candidate == 101
    assert place(changed(group, 1, down(group.members[1])), None, None).candidate is None
    assert place(changed(group, 1, replace(group.members[1], raft_index=1)), None, None).candidate == 102
    assert place(replace(group, wanted_voters=1), None, None).candidate is None
