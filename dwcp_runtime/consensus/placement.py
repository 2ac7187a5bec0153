"""Which member should lead: the one whose commits take the least time."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

from charts_py.contract.dwcp import quorum
from dwcp_runtime.consensus.standing import belongs, caught_up
from dwcp_runtime.consensus.timing import round_trip
from dwcp_runtime.consensus.view import Member, MoveLeader, View

BETTER_SHARE: Final = 0.2
BETTER_SECONDS: Final = 0.005
"""A move costs a commit about an election's round trip; it must gain a fifth and 5 ms of each commit ..."""

STEADY_SECONDS: Final = 60.0
"""... with the same candidate for so long."""

MOVES_PER_HOUR: Final = 3


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Whether to move leadership, and which candidate has been better since when."""

    action: MoveLeader | None = None
    reasons: tuple[str, ...] = ()
    candidate: int | None = None
    since: float | None = None


def commit_seconds(view: View, leader: Member) -> float:
    """How long a commit takes with this leader: it and the fastest of the others, as many as complete a
    quorum, make an entry durable, the others after a round trip. Infinite when too few are measured."""
    others = []
    for voter in view.voters:
        trip = round_trip(leader, voter)
        if voter.id != leader.id and voter.reachable and trip is not None:
            others.append(trip + (voter.commit_seconds or 0.0))
    needed = quorum(len(view.voters)) - 1
    if needed > len(others):
        return inf
    return max(leader.commit_seconds or 0.0, *sorted(others)[:needed], 0.0)


def place(view: View, candidate: int | None, since: float | None) -> Placement:
    """Compares the leader with the best voter that has caught up and stays.

    `candidate` and `since` are what the placement before this one said.
    """
    leader = view.member(view.leader)
    fit = [m for m in view.voters if m.id != view.leader and caught_up(view, m) and belongs(view, m)]
    if leader is None or not fit:
        return Placement()
    here = commit_seconds(view, leader)
    best = min(fit, key=lambda m: (commit_seconds(view, m), m.rank))
    there = commit_seconds(view, best)
    if here == inf or there >= here * (1 - BETTER_SHARE) or there > here - BETTER_SECONDS:
        return Placement()
    if best.id != candidate or since is None:
        return Placement(candidate=best.id, since=view.now)
    if view.now - since < STEADY_SECONDS:
        return Placement(candidate=candidate, since=since)
    gain = f"commits take {there * 1000:.0f} ms under {best.label}, {here * 1000:.0f} ms under {leader.label}"
    if view.placement_moves >= MOVES_PER_HOUR:
        reason = f"{gain}; leadership has moved {view.placement_moves} times within the hour"
        return Placement(reasons=(reason,), candidate=candidate, since=since)
    return Placement(action=MoveLeader(to=best.id, why=gain, for_placement=True))
