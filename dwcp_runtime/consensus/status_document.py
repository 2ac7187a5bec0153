"""`/status`: what one agent says about its member and its group, and its form as JSON.

Times are seconds unless a name says otherwise. Ids of members and clusters are written as etcd's own tools
write them, as hexadecimal text: JSON numbers lose digits above 2^53.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

MOST_BYTES: Final = 1 << 20
"""Of a document; a group of 11 members needs about 5 kB."""

_T = TypeVar("_T")
_STAMP: Final = "%Y-%m-%dT%H:%M:%SZ"


class BadStatusError(ValueError):
    """A document that is none; the message says where it goes wrong."""


class Phase(StrEnum):
    """What an agent is about. Only `running` has a member that takes part."""

    STARTING = "starting"
    WAITING = "waiting"
    JOINING = "joining"
    RUNNING = "running"
    RETIRED = "retired"
    STOPPING = "stopping"


class Role(StrEnum):
    """What the own member is in Raft."""

    LEADER = "leader"
    FOLLOWER = "follower"
    LEARNER = "learner"
    NONE = "none"


class Truth(StrEnum):
    """The status of a condition, as Kubernetes spells it."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One thing that people should know. `kind` and `reason` are CamelCase words, `runbook` names a page of
    docs/runbooks and is empty where there is nothing to do."""

    kind: str
    status: Truth
    reason: str
    message: str
    runbook: str = ""


@dataclass(frozen=True, kw_only=True)
class MemberStatus:
    """One entry of the member list. `name` is empty for a member that was added and never started; `lag` is
    the leader's Raft index less its own, in entries, None when it doesn't answer."""

    name: str
    id: int
    learner: bool
    reachable: bool
    lag: int | None = None


@dataclass(frozen=True, kw_only=True)
class Quorum:
    """`size` of the `voters` are needed; `healthy` voters are reachable. `held`: a leader is known, and a
    majority stands behind it."""

    size: int
    voters: int
    healthy: int
    held: bool


@dataclass(frozen=True, kw_only=True)
class TimingStatus:
    """etcd's two periods, in milliseconds."""

    heartbeat_ms: int
    election_ms: int


@dataclass(frozen=True, kw_only=True)
class SnapshotStatus:
    """A verified snapshot. `taken_at` is in seconds since 1970, UTC; `sha256` of the file, hexadecimal."""

    name: str
    taken_at: int
    revision: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class GroupStatus:
    """What an agent knows of itself and its group now. None: not known yet, or nothing of the kind.

    `conditions` are those that only the agent can know, such as why it waits; what follows from the other
    fields is added by `health`. `waiting_for`: the reasons of the last decision that did nothing.
    `db_size` and `db_in_use` are bytes. `ca_digest`: of the authorities that etcd was started with,
    `ca_file_digest`: of those that lie in its mount. `commit_seconds`: to make an entry durable on its disk.
    `leader_changes` counts since the agent started.
    """

    name: str
    phase: Phase
    role: Role = Role.NONE
    member_id: int | None = None
    cluster_id: int | None = None
    epoch: int | None = None
    leader: str | None = None
    term: int | None = None
    raft_index: int | None = None
    leader_changes: int = 0
    members: tuple[MemberStatus, ...] = ()
    quorum: Quorum | None = None
    wanted_voters: int | None = None
    timings_running: TimingStatus | None = None
    timings_wanted: TimingStatus | None = None
    round_trips: Mapping[str, float] = field(default_factory=dict)
    db_size: int | None = None
    db_in_use: int | None = None
    last_snapshot: SnapshotStatus | None = None
    etcd_version: str | None = None
    ca_digest: str | None = None
    ca_file_digest: str | None = None
    commit_seconds: float | None = None
    conditions: tuple[Condition, ...] = ()
    waiting_for: tuple[str, ...] = ()


def as_json(status: GroupStatus) -> dict[str, Any]:
    """Plain values, in the order of the fields."""
    return {
        "name": status.name,
        "phase": status.phase.value,
        "role": status.role.value,
        "member_id": _hexadecimal(status.member_id),
        "cluster_id": _hexadecimal(status.cluster_id),
        "epoch": status.epoch,
        "leader": status.leader,
        "term": status.term,
        "raft_index": status.raft_index,
        "leader_changes": status.leader_changes,
        "members": [member_as_json(each) for each in status.members],
        "quorum": None if status.quorum is None else vars(status.quorum),
        "wanted_voters": status.wanted_voters,
        "timings_running": None if status.timings_running is None else vars(status.timings_running),
        "timings_wanted": None if status.timings_wanted is None else vars(status.timings_wanted),
        "round_trips": dict(status.round_trips),
        "db_size": status.db_size,
        "db_in_use": status.db_in_use,
        "last_snapshot": None if status.last_snapshot is None else snapshot_as_json(status.last_snapshot),
        "etcd_version": status.etcd_version,
        "ca_digest": status.ca_digest,
        "ca_file_digest": status.ca_file_digest,
        "commit_seconds": status.commit_seconds,
        "conditions": [condition_as_json(each) for each in status.conditions],
        "waiting_for": list(status.waiting_for),
    }


def member_as_json(member: MemberStatus) -> dict[str, Any]:
    """Plain values."""
    return {**vars(member), "id": _hexadecimal(member.id)}


def condition_as_json(condition: Condition) -> dict[str, Any]:
    """Plain values; the kind is called `type`, as in Kubernetes."""
    rest = {key: value for key, value in vars(condition).items() if key != "kind"}
    return {"type": condition.kind, **rest, "status": condition.status.value}


def snapshot_as_json(snapshot: SnapshotStatus) -> dict[str, Any]:
    """Plain values; the time as RFC 3339."""
    return {**vars(snapshot), "taken_at": datetime.fromtimestamp(snapshot.taken_at, UTC).strftime(_STAMP)}


def parse(document: bytes) -> GroupStatus:
    """What another agent said of itself. Unknown keys are left out, as it may be newer. Raises
    BadStatusError."""
    if len(document) > MOST_BYTES:
        raise BadStatusError(f"{len(document)} bytes; at most {MOST_BYTES}")
    try:
        fields = _Fields(json.loads(document), "")
    except (ValueError, RecursionError) as error:
        raise BadStatusError(f"no JSON: {error}") from None
    return GroupStatus(
        name=fields.needed("name", _text),
        phase=fields.needed("phase", _word(Phase)),
        role=fields.needed("role", _word(Role)),
        member_id=fields.maybe("member_id", _id),
        cluster_id=fields.maybe("cluster_id", _id),
        epoch=fields.maybe("epoch", _count),
        leader=fields.maybe("leader", _text),
        term=fields.maybe("term", _count),
        raft_index=fields.maybe("raft_index", _count),
        leader_changes=fields.needed("leader_changes", _count),
        members=fields.needed("members", _each(_member)),
        quorum=fields.maybe("quorum", _quorum),
        wanted_voters=fields.maybe("wanted_voters", _count),
        timings_running=fields.maybe("timings_running", _timings),
        timings_wanted=fields.maybe("timings_wanted", _timings),
        round_trips=fields.needed("round_trips", _round_trips),
        db_size=fields.maybe("db_size", _count),
        db_in_use=fields.maybe("db_in_use", _count),
        last_snapshot=fields.maybe("last_snapshot", _snapshot),
        etcd_version=fields.maybe("etcd_version", _text),
        ca_digest=fields.maybe("ca_digest", _text),
        ca_file_digest=fields.maybe("ca_file_digest", _text),
        commit_seconds=fields.maybe("commit_seconds", _seconds),
        conditions=fields.needed("conditions", _each(_condition)),
        waiting_for=fields.needed("waiting_for", _each(_text)),
    )


class _Fields:
    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise BadStatusError(f"{where or 'the document'} is no object")
        self._value = value
        self._where = f"{where}." if where else ""

    def needed(self, key: str, read: Callable[[Any, str], _T]) -> _T:
        if key not in self._value:
            raise BadStatusError(f"{self._where}{key} is missing")
        return read(self._value[key], f"{self._where}{key}")

    def maybe(self, key: str, read: Callable[[Any, str], _T]) -> _T | None:
        value = self._value.get(key)
        return None if value is None else read(value, f"{self._where}{key}")


def _hexadecimal(number: int | None) -> str | None:
    return None if number is None else f"{number:x}"


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise BadStatusError(f"{where} is no text")
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise BadStatusError(f"{where} is neither true nor false")
    return value


def _count(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 64:
        raise BadStatusError(f"{where} is no whole number from 0 on")
    return value


def _lag(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 1 << 64:
        raise BadStatusError(f"{where} is no whole number")
    return value


def _id(value: Any, where: str) -> int:
    text = _text(value, where)
    try:
        number = int(text, 16)
    except ValueError:
        raise BadStatusError(f"{where} is no hexadecimal number") from None
    return _count(number, where)


def _seconds(value: Any, where: str) -> float:
    # A NaN is not equal to itself, and JSON as Python reads it has some.
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
        raise BadStatusError(f"{where} is no number of seconds")
    return float(value)


def _word(words: type[_T]) -> Callable[[Any, str], _T]:
    def read(value: Any, where: str) -> _T:
        text = _text(value, where)
        try:
            return words(text)  # type: ignore[call-arg]
        except ValueError:
            raise BadStatusError(f"{where}: there is no {value!r:.40}") from None

    return read


def _each(read: Callable[[Any, str], _T]) -> Callable[[Any, str], tuple[_T, ...]]:
    def read_all(value: Any, where: str) -> tuple[_T, ...]:
        if not isinstance(value, list):
            raise BadStatusError(f"{where} is no list")
        return tuple(read(each, f"{where}[{position}]") for position, each in enumerate(value))

    return read_all


def _round_trips(value: Any, where: str) -> dict[str, float]:
    if not isinstance(value, dict):
        raise BadStatusError(f"{where} is no object")
    return {name: _seconds(each, f"{where}.{name:.63}") for name, each in value.items()}


def _member(value: Any, where: str) -> MemberStatus:
    fields = _Fields(value, where)
    return MemberStatus(
        name=fields.needed("name", _text),
        id=fields.needed("id", _id),
        learner=fields.needed("learner", _flag),
        reachable=fields.needed("reachable", _flag),
        lag=fields.maybe("lag", _lag),
    )


def _quorum(value: Any, where: str) -> Quorum:
    fields = _Fields(value, where)
    return Quorum(
        size=fields.needed("size", _count),
        voters=fields.needed("voters", _count),
        healthy=fields.needed("healthy", _count),
        held=fields.needed("held", _flag),
    )


def _timings(value: Any, where: str) -> TimingStatus:
    fields = _Fields(value, where)
    return TimingStatus(
        heartbeat_ms=fields.needed("heartbeat_ms", _count), election_ms=fields.needed("election_ms", _count)
    )


def _snapshot(value: Any, where: str) -> SnapshotStatus:
    fields = _Fields(value, where)
    return SnapshotStatus(
        name=fields.needed("name", _text),
        taken_at=fields.needed("taken_at", _moment),
        revision=fields.needed("revision", _count),
        size_bytes=fields.needed("size_bytes", _count),
        sha256=fields.needed("sha256", _text),
    )


def _moment(value: Any, where: str) -> int:
    text = _text(value, where)
    try:
        return int(datetime.strptime(text, _STAMP).replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise BadStatusError(f"{where} is no time such as 2038-01-19T03:14:07Z") from None


def _condition(value: Any, where: str) -> Condition:
    fields = _Fields(value, where)
    return Condition(
        kind=fields.needed("type", _text),
        status=fields.needed("status", _word(Truth)),
        reason=fields.needed("reason", _text),
        message=fields.needed("message", _text),
        runbook=fields.maybe("runbook", _text) or "",
    )
