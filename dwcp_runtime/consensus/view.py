"""What a deciding agent sees of its group, what it remembers between two turns, and what it may do.

Times are seconds of the agent's monotonic clock; sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Literal

Alarm = Literal["NOSPACE", "CORRUPT"]


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Raft timings of one etcd process, in milliseconds."""

    heartbeat_ms: int
    election_ms: int


@dataclass(frozen=True, kw_only=True)
class Member:
    """One entry of etcd's member list, joined with what that member answers itself."""

    id: int
    name: str
    """As etcd lists it; empty as long as the member has been added and has never started."""
    ordinal: int | None
    """From the name, or else from the peer URL; None for a member whose pod isn't one of ours."""
    peer_url: str
    learner: bool
    reachable: bool
    """Whether its own maintenance status was answered in this turn and knew the same leader."""
    unreachable_since: float | None = None
    """When this agent first missed it; None while it is reachable."""
    instance: str | None = None
    """The disk that this member was admitted for; None for the founder, and when its admission was cut
    short between adding it and recording for whom."""
    raft_index: int | None = None
    raft_applied: int | None = None
    db_size: int | None = None
    db_in_use: int | None = None
    version: str | None = None
    commit_seconds: float | None = None
    """Median time to make a log entry durable on its disk."""
    round_trips: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Seconds to each other member by name, as its agent measures them; may lack some."""
    timings: Timings | None = None
    """What its etcd runs with; None when its agent doesn't say."""
    ca_digest: str | None = None
    """Of the CA that its etcd was started with."""
    ca_file_digest: str | None = None
    """Of the CA that lies in its mount now."""
    alarms: frozenset[Alarm] = frozenset()

    @property
    def label(self) -> str:
        """What people call it: its name, or its peer URL as long as it has none."""
        return self.name or self.peer_url

    @property
    def rank(self) -> float:
        """Its ordinal; a member that isn't one of our pods counts above all of them."""
        return float("inf") if self.ordinal is None else self.ordinal


@dataclass(frozen=True, kw_only=True)
class Joiner:
    """A request to be admitted as a learner. Whoever asks has no usable data: its etcd doesn't run."""

    name: str
    ordinal: int | None
    peer_url: str
    instance: str
    """Names the asking disk: made and synced there when it was empty, so a lost disk can't show it again."""


@dataclass(frozen=True, kw_only=True)
class View:
    """The group as one agent sees it in one turn."""

    now: float
    me: int
    """The id of the agent's own member."""
    leader: int | None
    """As the agent's own member says, in `term`; None when it knows of none."""
    term: int
    members: tuple[Member, ...]
    """From a linearizable member list."""
    joiners: tuple[Joiner, ...] = ()
    wanted_voters: int | None = None
    """The wish that is stored in the group; None when nobody has said."""
    wanted_timings: Timings | None = None
    """The timings that the group has agreed to run with; None before the first agreement."""
    timings_generation: int = 0
    """Of `wanted_timings`; each new agreement has the next number."""
    rolling: str | None = None
    """The one member that may restart now, by name."""
    placement_moves: int = 0
    """Moves of leadership for the sake of placement within the last hour, by whichever agent."""
    snapshot_age: float | None = None
    """Seconds since this agent's member was last saved with success; None when it never was."""
    quota: int | None = None
    """The size at which etcd raises NOSPACE."""

    @property
    def leading(self) -> bool:
        """Whether the agent's own member is the leader."""
        return self.leader == self.me

    @cached_property
    def voters(self) -> tuple[Member, ...]:
        """Members that vote, in the order of their ordinals."""
        return tuple(sorted((m for m in self.members if not m.learner), key=lambda m: (m.rank, m.id)))

    @cached_property
    def learners(self) -> tuple[Member, ...]:
        """Members that don't vote yet, in the order of their ordinals."""
        return tuple(sorted((m for m in self.members if m.learner), key=lambda m: (m.rank, m.id)))

    def member(self, member_id: int | None) -> Member | None:
        """The member with this id, if it is listed."""
        return next((m for m in self.members if m.id == member_id), None)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What decisions remember between two turns of the same agent. A new leader starts with an empty one:
    every waiting time then starts anew, which is late and never wrong."""

    term: int | None = None
    """The term that the rest was learnt in."""
    uneven_since: float | None = None
    """Since when the number of voters has been even with nobody to complete it."""
    timings_since: float | None = None
    """Since when the measurements have asked for other timings than those agreed."""
    placement_candidate: int | None = None
    placement_since: float | None = None
    """Since when one other member has been the better place for the leader."""
    tried: Mapping[tuple[str, int], float] = field(default_factory=lambda: MappingProxyType({}))
    """When maintenance was last attempted, by kind and member id."""


@dataclass(frozen=True, kw_only=True)
class AddLearner:
    """Add a learner, then record the instance that it was added for under its new id."""

    name: str
    peer_url: str
    instance: str


@dataclass(frozen=True, kw_only=True)
class Promote:
    """Make a learner a voter."""

    id: int


@dataclass(frozen=True, kw_only=True)
class Remove:
    """Take a member out of the group."""

    id: int
    why: str


@dataclass(frozen=True, kw_only=True)
class MoveLeader:
    """Hand leadership to another voter."""

    to: int
    why: str
    for_placement: bool = False
    """Then it counts among `View.placement_moves` for an hour."""


@dataclass(frozen=True, kw_only=True)
class SetWantedTimings:
    """Agree on new timings."""

    timings: Timings
    generation: int


@dataclass(frozen=True, kw_only=True)
class AllowRestart:
    """Let one member restart its etcd, to take up new timings or a new CA."""

    name: str
    generation: int


@dataclass(frozen=True, kw_only=True)
class ClearRestart:
    """End a member's turn to restart."""

    name: str


@dataclass(frozen=True, kw_only=True)
class TakeSnapshot:
    """Save the agent's own member."""


@dataclass(frozen=True, kw_only=True)
class Defragment:
    """Give a member's unused pages back to its disk. It answers nothing meanwhile."""

    id: int


@dataclass(frozen=True, kw_only=True)
class DisarmNoSpace:
    """Let a member write again after its store has become small enough."""

    id: int


Action = (
    AddLearner
    | Promote
    | Remove
    | MoveLeader
    | SetWantedTimings
    | AllowRestart
    | ClearRestart
    | TakeSnapshot
    | Defragment
    | DisarmNoSpace
)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """At most one action, why nothing else is done, and what to remember for the next turn."""

    action: Action | None = None
    reasons: tuple[str, ...] = ()
    """What the group waits for, a sentence each, for people."""
    memory: Memory = field(default_factory=Memory)
