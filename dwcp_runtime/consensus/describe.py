"""What an agent says of itself, from what it last saw. Pure."""

from __future__ import annotations

from charts_py.contract.dwcp import quorum
from dwcp_runtime.consensus.status_document import MemberStatus, Quorum, Role, TimingStatus
from dwcp_runtime.consensus.view import Timings, View


def role(view: View | None, *, learner: bool) -> Role:
    """What the own member is."""
    if learner:
        return Role.LEARNER
    if view is None:
        return Role.NONE
    if view.leading:
        return Role.LEADER
    return Role.FOLLOWER if view.leader is not None else Role.NONE


def members(view: View) -> tuple[MemberStatus, ...]:
    """The member list, in the order of ordinals."""
    leader = view.member(view.leader)
    newest = leader.raft_index if leader is not None else None
    return tuple(
        MemberStatus(
            name=member.name,
            id=member.id,
            learner=member.learner,
            reachable=member.reachable,
            lag=max(0, newest - member.raft_index)
            if newest is not None and member.raft_index is not None
            else None,
        )
        for member in sorted(view.members, key=lambda member: (member.rank, member.id))
    )


def quorum_of(view: View) -> Quorum:
    """Whether a majority stands behind the leader that the own member knows."""
    voters = view.voters
    healthy = sum(member.reachable for member in voters)
    size = quorum(len(voters))
    return Quorum(
        size=size, voters=len(voters), healthy=healthy, held=view.leader is not None and healthy >= size
    )


def timing(timings: Timings | None) -> TimingStatus | None:
    """Timings as they are told."""
    if timings is None:
        return None
    return TimingStatus(heartbeat_ms=timings.heartbeat_ms, election_ms=timings.election_ms)
