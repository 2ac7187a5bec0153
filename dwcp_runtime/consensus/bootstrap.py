"""How a member starts: it founds the group, goes on, joins, waits, or gives up what it holds.

A disk gets a name of its own, its *instance*, before anything else is done with it. The grant to found a
group is given to one instance, and a learner is admitted for one instance; so a disk that was lost and came
back empty can claim neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FOUNDING_ORDINAL: Final = 0
UNREADABLE: Final = "the founding grant can not be read"


@dataclass(frozen=True, kw_only=True)
class Disk:
    """What the member's data directory holds."""

    instance: str | None = None
    """None: nobody has named this disk yet."""
    has_data: bool = False
    """Whether etcd has a log there."""
    started: bool = False
    """Whether an etcd was ever started on it as a member that joined; synced before that."""
    epoch: int | None = None
    cluster_id: int | None = None
    member_id: int | None = None


class GrantState(StrEnum):
    """What is known about the grant to found the group."""

    ABSENT = "absent"
    """It was looked for and isn't there."""
    GIVEN = "given"
    UNKNOWN = "unknown"
    """It could not be read."""
    UNUSED = "unused"
    """Nobody has said where it is: such a member founds nothing, and only what its peers say fences it."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """The grant to found the group: given once, and it outlives pods and volumes."""

    state: GrantState
    holder: str | None = None
    """The instance that it was given to."""
    epoch: int = 1
    """Raised when the group is made anew out of what an outage left."""
    founded: bool = False
    """Whether the holder's group has had a leader: then it isn't founded a second time, by nobody."""
    problem: str = ""
    """Why it is unknown."""


@dataclass(frozen=True, kw_only=True)
class ListedMember:
    """An entry of the group's member list, with the instance that it was admitted for."""

    id: int
    name: str
    peer_url: str
    instance: str | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group that answered a linearizable member list, so a quorum of it stands."""

    cluster_id: int
    epoch: int
    members: tuple[ListedMember, ...]
    wanted_voters: int | None = None


@dataclass(frozen=True, kw_only=True)
class NameDisk:
    """Write a fresh instance onto the empty disk and sync it."""


@dataclass(frozen=True, kw_only=True)
class TakeGrant:
    """Ask for the grant on behalf of this instance; whoever creates it has it."""

    instance: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """Start etcd as the only member of a new group, then record that the group is founded."""

    epoch: int


@dataclass(frozen=True, kw_only=True)
class Restart:
    """Start etcd with the data that it has."""

    record_grant: bool = False
    """The grant is gone, or doesn't say yet that its group lives: once there is a leader, write that."""


@dataclass(frozen=True, kw_only=True)
class AskToJoin:
    """Ask the group to admit this instance as a learner, and keep asking."""

    instance: str


@dataclass(frozen=True, kw_only=True)
class StartAdmitted:
    """Sync that this disk was started, then start etcd as the member that was added for it."""

    member_id: int
    epoch: int


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """Move the data away, so that it can't come back by itself, and begin with an empty, unnamed disk."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Do nothing but look again."""

    why: str
    retired: bool = False
    """Not needed, rather than hindered."""


Start = NameDisk | TakeGrant | Found | Restart | AskToJoin | StartAdmitted | SetAside | Wait


def decide_start(*, name: str, ordinal: int | None, disk: Disk, grant: Grant, group: Group | None) -> Start:
    """What the member `name` does next on its way up. `group` is None when no group answers."""
    if disk.has_data:
        return _with_data(disk, grant, group)
    if disk.instance is None:
        return NameDisk()
    if disk.started:
        return SetAside(why="an etcd was started on this disk, and its data is gone")
    if group is not None:
        return _towards(group, name, ordinal, disk.instance)
    return _alone(ordinal, disk.instance, grant)


def _with_data(disk: Disk, grant: Grant, group: Group | None) -> Start:
    epoch = disk.epoch or 1
    newest = max(
        grant.epoch if grant.state is GrantState.GIVEN else 0, group.epoch if group is not None else 0
    )
    if newest > epoch:
        return SetAside(
            why=f"the data is of epoch {epoch}, and the group was made anew as epoch {newest}: "
            "a member of the old group must not vote again"
        )
    if group is not None and disk.cluster_id is not None:
        if group.cluster_id != disk.cluster_id:
            return Wait(
                why=f"the data belongs to group {disk.cluster_id:x} and the peers are group "
                f"{group.cluster_id:x} of the same epoch: move the data away by hand if it isn't needed"
            )
        if disk.member_id is not None and all(m.id != disk.member_id for m in group.members):
            return SetAside(why=f"the group has removed member {disk.member_id:x}")
        return Restart(record_grant=_unrecorded(grant))
    if grant.state is GrantState.UNKNOWN:
        return Wait(
            why=f"{grant.problem or UNREADABLE}, and no group answers: whether the group has been made anew "
            "without this data is not known"
        )
    return Restart(record_grant=_unrecorded(grant))


def _unrecorded(grant: Grant) -> bool:
    return grant.state is GrantState.ABSENT or (grant.state is GrantState.GIVEN and not grant.founded)


def _towards(group: Group, name: str, ordinal: int | None, instance: str) -> Start:
    mine = next((m for m in group.members if m.instance == instance), None)
    if mine is not None:
        return StartAdmitted(member_id=mine.id, epoch=group.epoch)
    if ordinal is not None and group.wanted_voters is not None and ordinal >= group.wanted_voters:
        return Wait(
            why=f"retired: the group is to have {group.wanted_voters} voters, which are those below "
            f"ordinal {group.wanted_voters}; raise that number to let {name} in",
            retired=True,
        )
    return AskToJoin(instance=instance)


def _alone(ordinal: int | None, instance: str, grant: Grant) -> Start:
    if grant.state is GrantState.UNUSED:
        return Wait(why="no group answers, and a group is founded only with a grant")
    if grant.state is GrantState.UNKNOWN:
        return Wait(why=f"no group answers, and {grant.problem or UNREADABLE}")
    if grant.state is GrantState.ABSENT:
        if ordinal != FOUNDING_ORDINAL:
            return Wait(
                why=f"no group answers; only the member with ordinal {FOUNDING_ORDINAL} may found one"
            )
        return TakeGrant(instance=instance)
    if grant.holder == instance and not grant.founded and ordinal == FOUNDING_ORDINAL:
        return Found(epoch=grant.epoch)
    return Wait(
        why="no member of the group answers, and the group was founded with another disk than this empty "
        "one: an empty disk never founds a second group. Bring the other members back, or follow the runbook"
    )
