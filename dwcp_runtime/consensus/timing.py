"""Raft timings from measured round trips, and their way into the members, one restart at a time.

etcd's tuning guide asks for a heartbeat of about the round trip between members (0.5 to 1.5 times) and an
election timeout of at least ten times that; it accepts at most 50 s.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import ceil
from typing import Final

from dwcp_runtime.consensus.standing import caught_up, next_leader, unwell
from dwcp_runtime.consensus.view import (
    AllowRestart,
    ClearRestart,
    Member,
    MoveLeader,
    SetWantedTimings,
    Timings,
    View,
)

MIN_HEARTBEAT_MS: Final = 100
"""etcd's own default. Below it heartbeats cost more than an earlier election gains."""

HEARTBEAT_STEP_MS: Final = 10
ELECTION_HEARTBEATS: Final = 10
MAX_ELECTION_MS: Final = 50_000
MAX_HEARTBEAT_MS: Final = MAX_ELECTION_MS // ELECTION_HEARTBEATS

DEFAULT: Final = Timings(heartbeat_ms=MIN_HEARTBEAT_MS, election_ms=MIN_HEARTBEAT_MS * ELECTION_HEARTBEATS)
"""What a member starts with before the group has agreed on anything."""

CHANGE_RATIO: Final = 1.3
"""New timings are agreed on only when they are that many times the old ones, or the other way round ..."""

CHANGE_SECONDS: Final = 60.0
"""... for so long: a rerouted line costs a restart of each member, a burst of traffic none."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Whether to agree on other timings, and since when the measurements ask for it."""

    action: SetWantedTimings | None = None
    since: float | None = None


@dataclass(frozen=True, kw_only=True)
class RollStep:
    """What is next on the way of timings and certificates into the members."""

    action: AllowRestart | ClearRestart | MoveLeader | None = None
    reasons: tuple[str, ...] = ()


def for_round_trip(seconds: float) -> Timings:
    """The timings for members that are `seconds` apart, there and back."""
    steps = ceil(round(seconds * 1000 / HEARTBEAT_STEP_MS, 6))
    heartbeat = min(max(MIN_HEARTBEAT_MS, steps * HEARTBEAT_STEP_MS), MAX_HEARTBEAT_MS)
    return Timings(heartbeat_ms=heartbeat, election_ms=heartbeat * ELECTION_HEARTBEATS)


def round_trip(one: Member, other: Member) -> float | None:
    """Seconds between two members: the longer one of what both measure, None if neither does."""
    both = (one.round_trips.get(other.name), other.round_trips.get(one.name))
    return max((seconds for seconds in both if seconds is not None), default=None)


def agreed(view: View) -> Timings:
    """What every member should run with."""
    return view.wanted_timings or DEFAULT


def agree(view: View, since: float | None) -> Agreement:
    """Compares the agreed timings with those that the voters' round trips ask for.

    `since` is what the agreement before this one said. While a voter is away, or a pair is unmeasured,
    nothing is agreed on: the missing line may be the longest.
    """
    pairs = [round_trip(one, other) for one, other in combinations(view.voters, 2)]
    trips = [seconds for seconds in pairs if seconds is not None]
    if len(trips) < len(pairs) or not all(voter.reachable for voter in view.voters):
        return Agreement()
    wanted, now = for_round_trip(max(trips, default=0.0)), agreed(view)
    ratio = wanted.heartbeat_ms / now.heartbeat_ms
    if 1 / CHANGE_RATIO <= ratio <= CHANGE_RATIO:
        return Agreement()
    since = view.now if since is None else since
    if view.now - since < CHANGE_SECONDS:
        return Agreement(since=since)
    return Agreement(action=SetWantedTimings(timings=wanted, generation=view.timings_generation + 1))


def stale(view: View, member: Member) -> bool:
    """Whether `member` runs with other timings than agreed, or trusts another CA than lies in its mount.
    One whose agent doesn't say isn't."""
    old_timings = member.timings is not None and member.timings != agreed(view)
    known = member.ca_digest is not None and member.ca_file_digest is not None
    return old_timings or (known and member.ca_digest != member.ca_file_digest)


def roll(view: View, *, under_way: bool) -> RollStep:
    """The next step of restarting stale members: one at a time, learners and high ordinals first, the
    leader last and only as a follower. Nobody while a member is unwell or the membership changes."""
    others_unwell = tuple(label for label in unwell(view) if label != view.rolling)
    hindrance = "the members are being changed" if under_way else ", ".join(others_unwell)
    if view.rolling is not None:
        return _turn(view, view.rolling, hindrance)
    waiting = [m for m in (*reversed(view.learners), *reversed(view.voters)) if stale(view, m)]
    if not waiting:
        return RollStep()
    if hindrance:
        why = hindrance if under_way else f"of {hindrance}, which must be back and caught up first"
        names = ", ".join(m.label for m in waiting)
        return RollStep(
            reasons=(f"{names} must restart for new timings or a new CA, and waits because {why}",)
        )
    chosen = next((m for m in waiting if m.id != view.leader), None)
    if chosen is not None:
        return RollStep(action=AllowRestart(name=chosen.name, generation=view.timings_generation))
    leader = waiting[0]
    heir = next_leader(view, leader)
    if heir is None:
        return RollStep(action=AllowRestart(name=leader.name, generation=view.timings_generation))
    return RollStep(action=MoveLeader(to=heir.id, why=f"{leader.label} restarts next, as the last one"))


def _turn(view: View, name: str, hindrance: str) -> RollStep:
    member = next((m for m in view.members if m.name == name), None)
    if member is None or (caught_up(view, member) and not stale(view, member)):
        return RollStep(action=ClearRestart(name=name))
    if member.reachable and stale(view, member):
        if hindrance:
            return RollStep(action=ClearRestart(name=name))
        heir = next_leader(view, member) if member.id == view.leader else None
        if heir is not None:
            # It was elected after its turn had begun, and nobody restarts while it leads others.
            return RollStep(action=MoveLeader(to=heir.id, why=f"{name} restarts"))
    return RollStep(reasons=(f"{name} restarts",))
