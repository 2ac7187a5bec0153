"""Short words for the groups that tests of decisions speak of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from dwcp_runtime.consensus.view import Joiner, Member, View

NOW = 10_000.0
INDEX = 50_000


def url(ordinal: int) -> str:
    """The peer URL of a pod."""
    return f"https://c-{ordinal}:2380"


def voter(ordinal: int, /, **differences: Any) -> Member:
    """A healthy voter, member 100 + its ordinal."""
    healthy = Member(
        id=100 + ordinal,
        name=f"c-{ordinal}",
        ordinal=ordinal,
        peer_url=url(ordinal),
        learner=False,
        reachable=True,
        instance=f"disk-{ordinal}",
        raft_index=INDEX,
    )
    return replace(healthy, **differences)


def learner(ordinal: int, /, *, behind: int = 0, **differences: Any) -> Member:
    """A learner that answers, so many log entries behind."""
    return voter(ordinal, **{"learner": True, "raft_index": INDEX - behind, **differences})


def down(member: Member, *, seconds: float = 10.0) -> Member:
    """The same one, missed for so long."""
    return replace(member, reachable=False, unreachable_since=NOW - seconds, raft_index=None)


def unstarted(ordinal: int, /, **differences: Any) -> Member:
    """A learner that was added and has never started."""
    return down(learner(ordinal, **{"name": "", **differences}))


def joiner(ordinal: int | None, instance: str | None = None) -> Joiner:
    """A pod that asks to be admitted, by default with the disk that `voter` and `learner` speak of."""
    if ordinal is None:
        return Joiner(name="guest", ordinal=None, peer_url="https://guest:2380", instance="disk-guest")
    return Joiner(
        name=f"c-{ordinal}", ordinal=ordinal, peer_url=url(ordinal), instance=instance or f"disk-{ordinal}"
    )


def view(*members: Member, leader: int = 0, joiners: Iterable[Joiner] = (), **differences: Any) -> View:
    """What the leader, by ordinal, sees."""
    base = View(
        now=NOW,
        me=100 + leader,
        leader=100 + leader,
        term=1,
        members=members,
        joiners=tuple(joiners),
        snapshot_age=0.0,
    )
    return replace(base, **differences)
