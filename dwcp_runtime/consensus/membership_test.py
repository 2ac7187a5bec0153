from dataclasses import replace

import pytest

from charts_py.contract.dwcp import CONSENSUS_SIZES
from dwcp_runtime.consensus.membership import (
    LEARNER_PATIENCE_SECONDS,
    MAX_LEARNERS,
    UNEVEN_PATIENCE_SECONDS,
    next_step,
    wish_refusal,
)
from dwcp_runtime.consensus.standing import LEARNER_LAG_ENTRIES
from dwcp_runtime.consensus.view import AddLearner, MoveLeader, Promote, Remove
from dwcp_runtime.consensus.views_for_tests import (
    NOW,
    down,
    joiner,
    learner,
    unstarted,
    url,
    view,
    voter,
)

LONG_AGO = NOW - UNEVEN_PATIENCE_SECONDS


def voters(*ordinals):
    return tuple(voter(ordinal) for ordinal in ordinals)


def step(*members, uneven_since=None, **differences):
    return next_step(view(*members, **differences), uneven_since)


def removed(action):
    assert isinstance(action, Remove), action
    return action.id - 100


# What may be wished for.


def test_each_allowed_size_may_be_wished_for():
    assert [wish_refusal(size) for size in CONSENSUS_SIZES] == [None] * len(CONSENSUS_SIZES)


@pytest.mark.parametrize(
    ("wanted", "reason"), [(4, "even"), (8, "even"), (0, "at least one"), (13, "the most")]
)
def test_a_wish_for_another_size_is_refused_with_the_sizes_that_are_allowed(wanted, reason):
    refusal = wish_refusal(wanted)
    assert reason in refusal
    assert "1, 3, 5, 7, 9, 11" in refusal


def test_a_refused_wish_that_was_stored_all_the_same_changes_nothing():
    decision = step(*voters(0, 1, 2), wanted_voters=4, joiners=[joiner(3)])
    assert decision.action is None
    assert "even" in decision.reasons[0]


# Up.


def test_a_pod_that_asks_becomes_a_learner():
    decision = step(voter(0), joiners=[joiner(1)])
    assert decision.action == AddLearner(name="c-1", peer_url=url(1), instance="disk-1")


def test_many_pods_at_once_are_admitted_lowest_ordinal_first():
    decision = step(voter(0), joiners=[joiner(10), joiner(2), joiner(1)])
    assert decision.action.name == "c-1"


def test_a_lone_learner_beside_an_odd_group_stays_one():
    assert step(*voters(0, 1, 2), learner(3)).action is None


def test_two_learners_that_caught_up_are_promoted_one_after_the_other():
    assert step(voter(0), learner(1), learner(2)).action == Promote(id=101)
    assert step(*voters(0, 1), learner(2)).action == Promote(id=102)
    assert step(*voters(0, 1, 2)).action is None


@pytest.mark.parametrize(
    "second",
    [
        learner(4, behind=LEARNER_LAG_ENTRIES + 1),
        learner(4, raft_index=None),
        down(learner(4)),
        unstarted(4),
    ],
)
def test_nobody_is_promoted_before_two_have_caught_up(second):
    assert step(*voters(0, 1, 2), learner(3), second).action is None


def test_a_learner_at_the_largest_allowed_lag_is_promoted():
    late = learner(4, behind=LEARNER_LAG_ENTRIES)
    assert step(*voters(0, 1, 2), late, learner(3)).action == Promote(id=103)


def test_growth_ends_at_the_wanted_number():
    members = (*voters(0, 1, 2), learner(3), learner(4))
    assert step(*members, wanted_voters=5).action == Promote(id=103)
    assert removed(step(*members, wanted_voters=3).action) == 4


def test_growth_ends_at_eleven():
    members = voters(*range(11))
    decision = step(*members, joiners=[joiner(11)])
    assert decision.action is None
    assert "at most 11" in decision.reasons[0]


def test_a_wish_beyond_the_pods_that_exist_grows_as_far_as_an_odd_number_goes():
    members = (*voters(0, 1, 2), learner(3), learner(4), learner(5))
    assert step(*members, wanted_voters=11).action == Promote(id=103)
    decision = step(*voters(0, 1, 2, 3, 4), learner(5), wanted_voters=11)
    assert decision.action is None
    assert not decision.under_way
    assert "5 of 11 wanted voters" in decision.reasons[0]


def test_nobody_is_added_while_a_voter_is_down():
    decision = step(voter(0), voter(1), down(voter(2)), joiners=[joiner(3)])
    assert decision.action is None
    assert "c-2" in decision.reasons[0]


@pytest.mark.parametrize(
    "members",
    [
        (*voters(0, 1), down(voter(2)), learner(3), learner(4)),
        (*voters(0, 1, 2), down(voter(4)), learner(3)),
        (*voters(0, 1, 2, 4), down(voter(5)), learner(3), learner(6)),
    ],
)
def test_a_dead_voter_holds_up_no_promotion_since_that_makes_no_group_weaker(members):
    assert step(*members).action == Promote(id=103)


def test_a_name_without_an_ordinal_is_not_admitted():
    decision = step(voter(0), joiners=[joiner(None)])
    assert decision.action is None
    assert "ordinal" in decision.reasons[0]


def test_learners_are_not_added_beyond_what_etcd_is_started_for():
    learners = [learner(o, behind=10**6, ordinal=1) for o in range(1, 1 + MAX_LEARNERS)]
    decision = step(
        voter(0), *learners, joiners=[joiner(12, "d"), replace(joiner(10), name="x", peer_url="x")]
    )
    assert decision.action is None


# Down.


def test_the_highest_ordinal_goes_first():
    assert removed(step(*voters(0, 1, 2, 3, 4), wanted_voters=3).action) == 4
    assert removed(step(*voters(0, 1, 2, 3), wanted_voters=3).action) == 3
    assert step(*voters(0, 1, 2), wanted_voters=3).action is None


def test_leadership_moves_away_before_the_leader_is_removed():
    decision = step(*voters(0, 1, 2, 3, 4), wanted_voters=3, leader=4)
    assert isinstance(decision.action, MoveLeader)
    assert decision.action.to == 100


def test_leadership_goes_to_one_that_stays_and_has_caught_up():
    stuck = voter(0, raft_index=1)
    assert step(stuck, *voters(1, 2, 3, 4), wanted_voters=3, leader=4).action.to == 101


def test_the_leader_is_not_moved_for_a_removal_that_is_refused():
    decision = step(voter(0), down(voter(1)), *voters(2, 3, 4), wanted_voters=3, leader=4)
    assert decision.action is None


def test_a_leader_whom_nobody_can_follow_is_not_removed():
    decision = step(voter(0, raft_index=1), voter(1), wanted_voters=1, leader=1)
    assert decision.action is None
    assert "take over" in decision.reasons[0]


def test_nobody_healthy_is_removed_while_the_group_could_not_lose_one_more_after_it():
    decision = step(*voters(0, 2, 3, 4), down(voter(1)), wanted_voters=3)
    assert decision.action is None
    assert decision.under_way
    assert "not survive" in decision.reasons[0]


def test_a_dead_one_of_those_that_go_may_go_before_a_healthy_one():
    assert removed(step(*voters(0, 1, 2, 4), down(voter(3)), wanted_voters=3).action) == 3


def test_seven_with_one_down_shrink_to_five():
    members = (voter(0), down(voter(1)), *voters(2, 3, 4, 5, 6))
    assert removed(step(*members, wanted_voters=5).action) == 6


def test_three_shrink_to_one_and_pass_through_two():
    assert removed(step(*voters(0, 1, 2), wanted_voters=1).action) == 2
    assert removed(step(*voters(0, 1), wanted_voters=1).action) == 1
    assert step(voter(0), wanted_voters=1).action is None


def test_without_a_wish_no_voter_is_removed_because_pods_are_gone():
    assert step(*voters(0, 1, 2, 3), down(voter(4), seconds=10**6)).action is None


def test_a_dead_voter_is_not_removed_by_itself():
    members = (*voters(0, 1), down(voter(2), seconds=10**6))
    assert step(*members).action is None
    assert step(*members, wanted_voters=3).action is None


def test_learners_above_the_wanted_number_go_before_voters():
    assert removed(step(*voters(0, 1, 2, 3, 4), learner(5), wanted_voters=3).action) == 5


def test_a_pod_above_the_wanted_number_is_not_admitted():
    decision = step(*voters(0, 1, 2), joiners=[joiner(3)], wanted_voters=3)
    assert decision.action is None
    assert "below ordinal 3" in decision.reasons[0]


def test_the_member_whose_turn_it_is_to_restart_counts_as_away_and_stays():
    assert step(*voters(0, 1, 2, 3, 4), wanted_voters=3, rolling="c-1").action is None
    assert step(*voters(0, 1, 2), wanted_voters=1, rolling="c-1").action is None
    assert step(*voters(0, 1, 2), wanted_voters=1, rolling="c-2").action is None
    assert removed(step(*voters(0, 1, 2, 3, 4, 5, 6), wanted_voters=5, rolling="c-1").action) == 6
    assert step(*voters(0, 1, 2), joiners=[joiner(3)], rolling="c-1").action is None


# Interrupted changes.


def test_growth_that_was_cut_short_is_finished_with_one_learner():
    assert step(*voters(0, 1, 2, 3), learner(4)).action == Promote(id=104)


@pytest.mark.parametrize("wanted", [None, 5])
def test_growth_that_nobody_completes_is_taken_back_in_time(wanted):
    members = voters(0, 1, 2, 3)
    first = step(*members, wanted_voters=wanted)
    assert first.action is None
    assert first.uneven_since == NOW
    waiting = step(*members, wanted_voters=wanted, uneven_since=LONG_AGO + 1)
    assert waiting.action is None
    assert removed(step(*members, wanted_voters=wanted, uneven_since=LONG_AGO).action) == 3


@pytest.mark.parametrize(
    ("members", "joiners"),
    [
        ((learner(4, behind=10**6),), ()),
        ((unstarted(4),), ()),
        ((), (joiner(4),)),
    ],
)
def test_an_even_number_waits_as_long_as_somebody_is_on_the_way(members, joiners):
    decision = step(*voters(0, 1, 2, 3), *members, joiners=joiners, uneven_since=LONG_AGO)
    assert not isinstance(decision.action, Remove | Promote)
    assert decision.uneven_since is None
    assert decision.under_way


def test_two_voters_are_not_taken_back_to_one_without_a_wish():
    assert step(*voters(0, 1), uneven_since=LONG_AGO).action is None
    assert step(*voters(0, 1), wanted_voters=3, uneven_since=LONG_AGO).action is None


def test_an_even_number_with_another_voter_down_is_left_alone():
    decision = step(voter(0), down(voter(1)), *voters(2, 3), uneven_since=LONG_AGO)
    assert decision.action is None
    assert "c-1" in decision.reasons[-1]


def test_a_learner_that_fell_silent_right_after_its_promotion_is_taken_back():
    assert removed(step(*voters(0, 1, 2), down(voter(3)), uneven_since=LONG_AGO).action) == 3


def test_a_wish_lowered_in_mid_growth_takes_back_what_was_promoted():
    assert removed(step(*voters(0, 1, 2, 3), learner(4), wanted_voters=3).action) == 4
    assert removed(step(*voters(0, 1, 2, 3), wanted_voters=3).action) == 3


def test_a_wish_raised_in_mid_shrink_lets_the_removed_pod_in_again():
    decision = step(*voters(0, 1, 2, 3), wanted_voters=5, joiners=[joiner(4, "new")])
    assert decision.action == AddLearner(name="c-4", peer_url=url(4), instance="new")


def test_a_learner_that_never_started_and_whose_pod_is_gone_is_given_up():
    lost = replace(unstarted(3), unreachable_since=NOW - LEARNER_PATIENCE_SECONDS)
    assert removed(step(*voters(0, 1, 2), lost).action) == 3
    assert step(*voters(0, 1, 2), unstarted(3)).action is None


def test_a_learner_whose_pod_still_asks_with_the_same_disk_is_not_given_up():
    late = replace(unstarted(3), unreachable_since=NOW - LEARNER_PATIENCE_SECONDS)
    assert step(*voters(0, 1, 2), late, joiners=[joiner(3)]).action is None


# Lost disks.


def test_a_pod_that_lost_its_disk_has_its_old_member_removed_and_joins_anew():
    members = (*voters(0, 1), down(voter(2)))
    asks = joiner(2, "new")
    assert removed(step(*members, joiners=[asks]).action) == 2
    assert step(*voters(0, 1), joiners=[asks]).action == AddLearner(
        name="c-2", peer_url=url(2), instance="new"
    )
    admitted = unstarted(2, instance="new")
    assert step(*voters(0, 1), admitted, joiners=[asks]).action is None
    assert step(*voters(0, 1), learner(2, instance="new")).action == Promote(id=102)


def test_two_that_wait_for_a_replaced_third_are_not_reduced_to_one():
    decision = step(*voters(0, 1), uneven_since=NOW - 10**6, wanted_voters=3)
    assert decision.action is None


def test_a_disk_lost_a_second_time_is_replaced_again():
    old = down(learner(2, instance="new"))
    assert removed(step(*voters(0, 1), old, joiners=[joiner(2, "newer")]).action) == 2


def test_an_admission_that_was_not_recorded_is_done_again():
    assert removed(step(*voters(0, 1, 2), unstarted(3, instance=None), joiners=[joiner(3)]).action) == 3


def test_a_lost_disk_is_found_by_name_when_the_address_has_changed():
    moved = replace(joiner(2, "new"), peer_url="https://elsewhere:2380")
    assert removed(step(*voters(0, 1), down(voter(2)), joiners=[moved]).action) == 2


def test_a_member_that_answers_is_not_removed_for_another_of_its_name():
    decision = step(*voters(0, 1, 2), joiners=[joiner(2, "new")])
    assert decision.action is None
    assert "still answers" in decision.reasons[0]


def test_a_founder_that_lost_its_disk_is_replaced():
    members = (down(voter(0, instance=None)), *voters(1, 2))
    assert removed(step(*members, leader=1, joiners=[joiner(0, "new")]).action) == 0


def test_of_two_lost_disks_one_is_replaced_at_a_time():
    members = (*voters(0, 1, 2), down(voter(3)), down(voter(4)))
    asks = [joiner(3, "new-3"), joiner(4, "new-4")]
    assert removed(step(*members, joiners=asks).action) == 3
    assert removed(step(*voters(0, 1, 2), down(voter(4)), joiners=asks).action) == 4


# Swaps.


def test_a_voter_above_the_wanted_number_is_swapped_for_a_pod_below_it():
    assert step(*voters(0, 1, 4), learner(2), wanted_voters=3).action == Promote(id=102)
    assert removed(step(*voters(0, 1, 2, 4), wanted_voters=3).action) == 4


def test_a_voter_above_the_wanted_number_stays_until_its_substitute_is_there():
    decision = step(*voters(0, 1, 4), wanted_voters=3)
    assert decision.action is None
    assert not decision.under_way
    assert "c-4" in decision.reasons[0]


def test_a_voter_above_the_wanted_number_that_stays_away_makes_way_for_its_substitute():
    gone = down(voter(3), seconds=UNEVEN_PATIENCE_SECONDS)
    assert removed(step(*voters(0, 1), gone, wanted_voters=3, joiners=[joiner(2)]).action) == 3
    assert step(*voters(0, 1), down(voter(3)), wanted_voters=3, joiners=[joiner(2)]).action is None
    assert step(*voters(0, 1), gone, wanted_voters=3).action is None


def test_a_member_without_an_ordinal_goes_before_our_own_pods():
    guest = voter(9, ordinal=None, name="guest")
    assert removed(step(*voters(0, 1, 2), guest, wanted_voters=3).action) == 9
