"""What stores need from time to time: a snapshot, their unused pages given back, an alarm ended.

Compaction is etcd's own: each member is started with `--auto-compaction-retention`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dwcp_runtime.consensus.quorum import Strength
from dwcp_runtime.consensus.standing import next_leader, unwell
from dwcp_runtime.consensus.view import (
    Action,
    Defragment,
    DisarmNoSpace,
    Member,
    Memory,
    MoveLeader,
    TakeSnapshot,
    View,
)

SNAPSHOT_SECONDS: Final = 3600.0
SNAPSHOT_RETRY_SECONDS: Final = 300.0

DEFRAGMENT_BYTES: Final = 64 << 20
"""Below that a store isn't worth the pause."""

DEFRAGMENT_IN_USE: Final = 0.5
"""A store is worth it when at most this share of it is in use: then it at least halves."""

DEFRAGMENT_RETRY_SECONDS: Final = 3600.0

NO_SPACE_IN_USE: Final = 0.9
"""With NOSPACE raised every write is refused, so a tenth is worth a pause."""

DISARM_SHARE: Final = 0.8
"""The alarm ends when each store is below this share of the quota, or it would be back at once."""


@dataclass(frozen=True, kw_only=True)
class Upkeep:
    """What is due. `key` is what `Memory.tried` notes the attempt under."""

    action: Action | None = None
    reasons: tuple[str, ...] = ()
    key: tuple[str, int] | None = None


def snapshot(view: View, memory: Memory) -> Upkeep:
    """A snapshot of the agent's own member, whenever the last one is an hour old."""
    key = ("snapshot", view.me)
    if view.snapshot_age is not None and view.snapshot_age < SNAPSHOT_SECONDS:
        return Upkeep()
    if _tried_within(view, memory, key, SNAPSHOT_RETRY_SECONDS):
        return Upkeep(reasons=("the last snapshot failed and is tried again later",))
    return Upkeep(action=TakeSnapshot(), key=key)


def damage(view: View) -> Upkeep:
    """Says whose store differs from the others'. People look before its disk is given up."""
    names = [m.label for m in view.members if "CORRUPT" in m.alarms]
    if not names:
        return Upkeep()
    reason = (
        f"no writes: the store of {', '.join(names)} differs from the others'; stop its pod, empty its "
        "volume and let it join anew"
    )
    return Upkeep(reasons=(reason,))


def make_space(view: View, memory: Memory) -> Upkeep:
    """What ends NOSPACE. It doesn't wait for a membership change: that may be waiting for a write itself."""
    alarmed = [m for m in view.members if "NOSPACE" in m.alarms]
    if not alarmed:
        return Upkeep()
    large = [m for m in view.members if _share(m.db_size, view.quota) > DISARM_SHARE]
    if not large:
        return Upkeep(action=DisarmNoSpace(id=alarmed[0].id))
    names = ", ".join(m.label for m in alarmed)
    told = Upkeep(reasons=(f"no writes: the store of {names} is full; delete keys or raise the quota",))
    worth = [m for m in large if m.reachable and _share(m.db_in_use, m.db_size) <= NO_SPACE_IN_USE]
    strength = Strength.of(view.voters)
    if strength.tolerance < 1 and strength.healthy < strength.voters:
        return told
    return _defragment(view, memory, worth) or told


def defragment(view: View, memory: Memory, *, under_way: bool) -> Upkeep:
    """The next member whose store is mostly unused: one at a time, the leader last and only as a follower."""
    worth = [
        m
        for m in view.members
        if (m.db_size or 0) >= DEFRAGMENT_BYTES and _share(m.db_in_use, m.db_size) <= DEFRAGMENT_IN_USE
    ]
    if not worth:
        return Upkeep()
    if under_way or view.rolling is not None or unwell(view):
        names = ", ".join(m.label for m in worth)
        return Upkeep(
            reasons=(f"defragmentation of {names} waits until every member is well and none changes",)
        )
    return _defragment(view, memory, worth) or Upkeep()


def _defragment(view: View, memory: Memory, worth: list[Member]) -> Upkeep | None:
    due = [
        m for m in worth if not _tried_within(view, memory, ("defragment", m.id), DEFRAGMENT_RETRY_SECONDS)
    ]
    if not due:
        return None
    chosen = min(due, key=lambda m: (m.id == view.leader, not m.learner, -m.rank))
    if chosen.id == view.leader and (heir := next_leader(view, chosen)) is not None:
        return Upkeep(
            action=MoveLeader(to=heir.id, why=f"{chosen.label} is defragmented next, as the last one")
        )
    return Upkeep(action=Defragment(id=chosen.id), key=("defragment", chosen.id))


def _tried_within(view: View, memory: Memory, key: tuple[str, int], seconds: float) -> bool:
    at = memory.tried.get(key)
    return at is not None and view.now - at < seconds


def _share(part: int | None, whole: int | None) -> float:
    return 1.0 if part is None or not whole else part / whole
