from dataclasses import replace
from pathlib import Path

from hypothesis import given

from dwcp_runtime.consensus import health
from dwcp_runtime.consensus.status_document import GroupStatus, MemberStatus, Phase, Quorum, Role, Truth
from dwcp_runtime.consensus.status_document_test import STATUS

STEADY = GroupStatus(
    name="a",
    phase=Phase.RUNNING,
    role=Role.FOLLOWER,
    leader="b",
    members=tuple(
        MemberStatus(name=name, id=number, learner=False, reachable=True) for number, name in enumerate("abc")
    ),
    quorum=Quorum(size=2, voters=3, healthy=3, held=True),
)
AWAY = replace(STEADY.members[2], reachable=False)
ALONE = replace(
    STEADY,
    role=Role.NONE,
    leader=None,
    members=(STEADY.members[0], replace(STEADY.members[1], reachable=False), AWAY),
    quorum=Quorum(size=2, voters=3, healthy=1, held=False),
)


def truths(status: GroupStatus) -> dict[str, Truth]:
    return {each.kind: each.status for each in health.conditions(status)}


def test_a_member_of_a_whole_group_is_healthy_ready_and_serves():
    assert health.healthy(STEADY)
    assert health.ready(STEADY)
    assert health.not_serving(STEADY) is None
    assert set(truths(STEADY).values()) == {Truth.TRUE}


def test_without_a_majority_the_reason_names_who_is_away_and_where_to_read_on():
    condition = health.not_serving(ALONE)
    assert condition is not None
    assert (condition.kind, condition.reason) == (health.QUORUM, "MajorityLost")
    assert "b, c can't be reached" in condition.message
    assert (Path(__file__).parents[2] / condition.runbook).is_file()
    assert not health.healthy(ALONE)
    assert not health.ready(ALONE)


def test_an_election_is_told_apart_from_a_lost_majority():
    electing = replace(
        STEADY, role=Role.NONE, leader=None, quorum=Quorum(size=2, voters=3, healthy=3, held=False)
    )
    assert health.quorum_held(electing).reason == "NoLeader"


def test_a_learner_is_healthy_and_gets_no_clients():
    learner = replace(STEADY, role=Role.LEARNER)
    assert health.healthy(learner)
    assert not health.ready(learner)
    condition = health.not_serving(learner)
    assert condition is not None
    assert condition.reason == "Learner"


def test_a_retired_member_says_why_it_is_one():
    retired = GroupStatus(name="d", phase=Phase.RETIRED, waiting_for=("it was removed; 3 voters are wanted",))
    condition = health.not_serving(retired)
    assert condition is not None
    assert condition.message == "the member is retired: it was removed; 3 voters are wanted"
    assert truths(retired)[health.QUORUM] is Truth.UNKNOWN


def test_a_group_that_can_lose_nobody_more_says_whom_it_lost():
    thin = replace(
        STEADY,
        members=(*STEADY.members[:2], AWAY),
        quorum=Quorum(size=2, voters=3, healthy=2, held=True),
    )
    assert health.healthy(thin)
    found = {each.kind: each for each in health.conditions(thin)}[health.TOLERANCE]
    assert (found.status, found.reason) == (Truth.FALSE, "VotersAway")
    assert "c can't be reached" in found.message


@given(STATUS)
def test_nothing_is_ready_that_is_not_healthy_and_what_is_not_served_has_a_reason(status):
    assert health.healthy(status) or not health.ready(status)
    condition = health.not_serving(status)
    assert (condition is None) == health.ready(status) or status.role is Role.NONE
    assert condition is None or condition.message
