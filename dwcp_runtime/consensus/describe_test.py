from dwcp_runtime.consensus import describe
from dwcp_runtime.consensus.status_document import Role
from dwcp_runtime.consensus.view import Member, View


def member(number, **changes):
    fields = {"ordinal": number, "learner": False, "reachable": True, "raft_index": 100, **changes}
    return Member(id=number + 1, name=f"lab-{number}", peer_url=f"http://{number}", **fields)


def view(*members, leader=1, me=1):
    return View(now=0.0, me=me, leader=leader, term=1, members=members)


def test_the_role_follows_from_who_leads():
    both = (member(0), member(1))
    assert describe.role(view(*both), learner=False) is Role.LEADER
    assert describe.role(view(*both, leader=2), learner=False) is Role.FOLLOWER
    assert describe.role(view(*both, leader=None), learner=False) is Role.NONE
    assert describe.role(None, learner=True) is Role.LEARNER
    assert describe.role(None, learner=False) is Role.NONE


def test_lag_is_told_for_those_that_answer_and_never_below_zero():
    told = describe.members(view(member(2, raft_index=None), member(1, raft_index=101), member(0)))
    assert [(each.name, each.lag) for each in told] == [("lab-0", 0), ("lab-1", 0), ("lab-2", None)]


def test_a_quorum_is_held_by_a_leader_and_a_majority_of_voters():
    away = member(2, reachable=False)
    assert describe.quorum_of(view(member(0), member(1), away)).held
    assert not describe.quorum_of(view(member(0), away, member(1, reachable=False))).held
    assert not describe.quorum_of(view(member(0), member(1), away, leader=None)).held
    learners = describe.quorum_of(view(member(0), member(1, learner=True), member(2, learner=True)))
    assert (learners.voters, learners.size, learners.held) == (1, 1, True)
