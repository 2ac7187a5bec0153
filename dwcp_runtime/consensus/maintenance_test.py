from dataclasses import replace

import pytest

from dwcp_runtime.consensus.maintenance import (
    DEFRAGMENT_BYTES,
    DEFRAGMENT_RETRY_SECONDS,
    SNAPSHOT_RETRY_SECONDS,
    SNAPSHOT_SECONDS,
    Upkeep,
    defragment,
    make_space,
    snapshot,
)
from dwcp_runtime.consensus.view import Defragment, DisarmNoSpace, Memory, MoveLeader, TakeSnapshot
from dwcp_runtime.consensus.views_for_tests import NOW, down, learner, view, voter

FRESH = Memory()
LARGE = DEFRAGMENT_BYTES
QUOTA = 2 * DEFRAGMENT_BYTES


def sparse(ordinal, **differences):
    return voter(ordinal, db_size=LARGE, db_in_use=LARGE // 2, **differences)


def dense(ordinal, **differences):
    return voter(ordinal, db_size=LARGE, db_in_use=LARGE, **differences)


def tried(kind, ordinal, ago):
    return Memory(tried={(kind, 100 + ordinal): NOW - ago})


@pytest.mark.parametrize("age", [None, SNAPSHOT_SECONDS])
def test_a_snapshot_is_due_once_an_hour_and_at_first(age):
    assert snapshot(view(voter(0), snapshot_age=age), FRESH).action == TakeSnapshot()
    assert snapshot(view(voter(0), snapshot_age=SNAPSHOT_SECONDS - 1), FRESH).action is None


def test_a_snapshot_that_failed_is_tried_again_later():
    old = view(voter(0), snapshot_age=SNAPSHOT_SECONDS)
    assert snapshot(old, FRESH).key == ("snapshot", 100)
    assert snapshot(old, tried("snapshot", 0, SNAPSHOT_RETRY_SECONDS - 1)).action is None
    assert snapshot(old, tried("snapshot", 0, SNAPSHOT_RETRY_SECONDS)).action == TakeSnapshot()


def test_members_are_defragmented_one_at_a_time_the_leader_last_and_as_a_follower():
    assert defragment(view(sparse(0), sparse(1), sparse(2)), FRESH, under_way=False) == Upkeep(
        action=Defragment(id=102), key=("defragment", 102)
    )
    last = defragment(view(sparse(0), dense(1), dense(2)), FRESH, under_way=False).action
    assert isinstance(last, MoveLeader)
    assert last.to == 101
    alone = defragment(view(sparse(0), leader=0), FRESH, under_way=False)
    assert alone.action == Defragment(id=100)


@pytest.mark.parametrize(
    "member",
    [
        voter(1, db_size=LARGE - 1, db_in_use=1),
        voter(1, db_size=LARGE, db_in_use=LARGE // 2 + 1),
        voter(1),
    ],
    ids=["small", "in use", "unknown"],
)
def test_a_store_that_would_gain_little_is_left_alone(member):
    assert defragment(view(voter(0), member, voter(2)), FRESH, under_way=False) == Upkeep()


def test_no_store_is_defragmented_while_a_member_is_away_changes_or_restarts():
    group = view(voter(0), voter(1), sparse(2))
    assert defragment(group, FRESH, under_way=False).action is not None
    assert defragment(group, FRESH, under_way=True).action is None
    assert defragment(replace(group, rolling="c-1"), FRESH, under_way=False).action is None
    for away in (down(voter(3)), learner(3, behind=10**6)):
        waiting = defragment(replace(group, members=(*group.members, away)), FRESH, under_way=False)
        assert waiting.action is None
        assert "c-2" in waiting.reasons[0]


def test_a_store_that_stayed_large_is_not_defragmented_again_at_once():
    group = view(voter(0), voter(1), sparse(2))
    assert (
        defragment(group, tried("defragment", 2, DEFRAGMENT_RETRY_SECONDS - 1), under_way=False) == Upkeep()
    )
    assert defragment(group, tried("defragment", 2, DEFRAGMENT_RETRY_SECONDS), under_way=False).action


def full(*members, **differences):
    alarmed = replace(members[0], alarms=frozenset({"NOSPACE"}))
    return view(alarmed, *members[1:], quota=QUOTA, **differences)


def test_a_full_store_is_defragmented_before_the_alarm_ends():
    huge = {"db_size": QUOTA, "db_in_use": QUOTA // 2}
    group = full(voter(0, **huge), voter(1, **huge), voter(2, **huge))
    assert make_space(group, FRESH).action == Defragment(id=102)
    small = full(*(voter(o, db_size=LARGE, db_in_use=LARGE) for o in range(3)))
    assert make_space(small, FRESH).action == DisarmNoSpace(id=100)


def test_a_store_full_of_live_data_is_reported():
    group = full(*(voter(o, db_size=QUOTA, db_in_use=QUOTA) for o in range(3)))
    upkeep = make_space(group, FRESH)
    assert upkeep.action is None
    assert "delete keys" in upkeep.reasons[0]


def test_a_full_store_is_not_defragmented_where_that_would_stop_the_group():
    huge = {"db_size": QUOTA, "db_in_use": QUOTA // 2}
    assert make_space(full(voter(0, **huge), down(voter(1)), voter(2, **huge)), FRESH).action is None


def test_the_alarm_does_not_end_while_the_size_of_a_store_is_unknown():
    group = full(voter(0, db_size=1, db_in_use=1), voter(1, db_size=1, db_in_use=1), down(voter(2)))
    assert make_space(group, FRESH).action is None


def test_without_an_alarm_there_is_nothing_to_do():
    assert make_space(view(sparse(0), quota=QUOTA), FRESH) == Upkeep()
