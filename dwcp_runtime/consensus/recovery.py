"""What to make a new group of when the quorum is lost for good, and what that may cost.

A plan is only ever made here. It is carried out when a person has read it, on the one host that holds its
source, with every other old member fenced: the new group has another cluster id, and a higher epoch in the
grant makes each old member set its data aside before its etcd starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from charts_py.contract.dwcp import quorum

Kind = Literal["data-dir", "snapshot"]


@dataclass(frozen=True, kw_only=True)
class Survivor:
    """Something that still holds the group's data: a member's data directory, or a snapshot file."""

    kind: Kind
    name: str
    """The member that it belongs to, or that it was taken of."""
    path: str
    intact: bool
    """Whether its hash, or its log, was read without an error."""
    epoch: int
    voter: bool = True
    revision: int
    """Of the store; at least that much was committed."""
    raft_term: int | None = None
    raft_index: int | None = None
    """Of the last entry that its log holds; None for a snapshot, and when its log wasn't read."""
    age: float | None = None
    """Seconds since a snapshot was taken."""


@dataclass(frozen=True, kw_only=True)
class RecoveryPlan:
    """The steps to a new group of one, and what they may cost."""

    source: Survivor
    epoch: int
    """Of the new group, one above every old one."""
    may_lose: str
    fenced: tuple[str, ...]
    """Old members, learners among them, that set their data aside and join the new group as learners."""
    steps: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class NoRecovery:
    """Why there is no plan, and what to do instead."""

    why: str


def plan(
    *, voters: tuple[str, ...], learners: tuple[str, ...], leader: str | None, survivors: Iterable[Survivor]
) -> RecoveryPlan | NoRecovery:
    """Chooses the source that lost least.

    `voters` and `learners` are the old group by name, `leader` the one that any member still knows of.
    """
    if leader is not None:
        return NoRecovery(why=f"{leader} leads: the group has its quorum, so there is nothing to recover")
    intact = [s for s in survivors if s.intact]
    if not intact:
        return NoRecovery(why="neither a data directory nor a snapshot could be read: restore a backup first")
    epoch = max(s.epoch for s in intact)
    current = [s for s in intact if s.epoch == epoch]
    held = sorted({s.name for s in current if s.kind == "data-dir" and s.name in voters and s.voter})
    needed = quorum(len(voters))
    if voters and len(held) >= needed:
        return NoRecovery(
            why=f"the data of {', '.join(held)} is there, {len(held)} of {len(voters)} voters, and {needed} "
            "are a quorum: start them and let them reach each other; nothing is lost then"
        )
    source = _best(current)
    return RecoveryPlan(
        source=source,
        epoch=epoch + 1,
        may_lose=_may_lose(source, held, len(voters)),
        fenced=tuple(name for name in (*voters, *learners) if name != source.name),
        steps=_steps(source, epoch + 1),
    )


def _best(candidates: list[Survivor]) -> Survivor:
    """The data directory with the newest log, or a snapshot that is ahead of it.

    Logs compare as in Raft's elections, the last entry's term before its index (section 5.4.1). A learner's
    log is a last resort: it was part of no quorum.
    """
    logs = [s for s in candidates if s.kind == "data-dir"]
    snapshots = [s for s in candidates if s.kind == "snapshot"]
    newest_log = max(
        logs, key=lambda s: (s.voter, s.raft_term or 0, s.raft_index or 0, s.revision), default=None
    )
    newest_snapshot = max(snapshots, key=lambda s: s.revision, default=None)
    if newest_log is None or (newest_snapshot and newest_snapshot.revision > newest_log.revision):
        assert newest_snapshot is not None
        return newest_snapshot
    return newest_log


def _may_lose(source: Survivor, held: list[str], voters: int) -> str:
    if source.kind == "snapshot":
        when = "" if source.age is None else f", which is {source.age:.0f} s old"
        return f"every write after revision {source.revision}{when}"
    if source.name in held and len(held) > voters - quorum(voters):
        return "nothing that was acknowledged: every quorum of the old group contains one of the survivors"
    missing = voters - len(held)
    return (
        f"writes after revision {source.revision} that were acknowledged by a quorum among the {missing} "
        f"voters whose data is missing"
    )


def _steps(source: Survivor, epoch: int) -> tuple[str, ...]:
    verb = (
        "restore the snapshot"
        if source.kind == "snapshot"
        else "start the data directory as a new group of one"
    )
    return (
        "stop every member of the old group that still runs",
        f"raise the grant to epoch {epoch}: data of an older epoch can't vote again from here on",
        f"{verb}: {source.path}",
        f"start {source.name}, which leads the new group alone",
        "let the other pods start: they set their old data aside and join as learners",
    )
