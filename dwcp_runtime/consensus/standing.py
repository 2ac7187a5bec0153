"""How members stand: who keeps up with the leader, who is unwell, who could lead next."""

from __future__ import annotations

from typing import Final

from dwcp_runtime.consensus.view import Member, View

LEARNER_LAG_ENTRIES: Final = 1000
"""A learner votes only when it is at most this many log entries behind the leader: at 10,000 entries a
second it catches up within 0.1 s, so it doesn't slow down the quorum that it becomes a part of."""


def lag(view: View, member: Member) -> int | None:
    """How many log entries `member` is behind the leader; None when one of the two doesn't say."""
    leader = view.member(view.leader)
    if leader is None or leader.raft_index is None or member.raft_index is None:
        return None
    return max(0, leader.raft_index - member.raft_index)


def caught_up(view: View, member: Member) -> bool:
    """Whether `member` has started, answers, and is near enough to the leader to vote."""
    entries = lag(view, member)
    return member.reachable and bool(member.name) and entries is not None and entries <= LEARNER_LAG_ENTRIES


def steady(view: View, member: Member) -> bool:
    """Whether `member` answers and will in the next moment: the one whose turn it is to restart may not."""
    return member.reachable and (not member.name or member.name != view.rolling)


def belongs(view: View, member: Member) -> bool:
    """Whether the wish has room for `member`: the pods below it stay when the StatefulSet shrinks to it."""
    return view.wanted_voters is None or member.rank < view.wanted_voters


def unwell(view: View) -> tuple[str, ...]:
    """Members, learners among them, that are away or have not caught up: while there are any, nobody else
    is restarted or kept busy."""
    return tuple(m.label for m in (*view.voters, *view.learners) if not caught_up(view, m))


def next_leader(view: View, leaver: Member) -> Member | None:
    """Who leads when `leaver` does no more: of the voters that stay, the first that has caught up."""
    fit = [m for m in view.voters if m.id != leaver.id and caught_up(view, m) and steady(view, m)]
    return min(fit, key=lambda m: (not belongs(view, m), m.rank, m.id), default=None)
