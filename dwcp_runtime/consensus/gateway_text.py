"""etcd's JSON as its gRPC gateway writes it: bytes are base64, 64-bit numbers strings, zeros left out.

Field names are those of etcd's rpc.proto.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class KeyValue:
    """One key as it is at a revision. `mod_revision` 0: it isn't there (only in events)."""

    key: bytes
    value: bytes
    create_revision: int
    mod_revision: int
    version: int
    lease: int = 0


@dataclass(frozen=True, kw_only=True)
class RangeResult:
    """What a range read gave. `revision`: the store's. `count`: keys in the range, also beyond the limit."""

    revision: int
    kvs: tuple[KeyValue, ...]
    count: int
    more: bool


@dataclass(frozen=True, kw_only=True)
class TxnResult:
    """What a transaction did. `succeeded`: whether the comparisons held. `responses`: one a operation, etcd's
    JSON (`response_range`, `response_put` or `response_delete_range`)."""

    revision: int
    succeeded: bool
    responses: tuple[Json, ...]

    def range_of(self, index: int) -> RangeResult:
        """The result of the operation at `index`, which was a range read."""
        return range_result(self.responses[index].get("response_range", {}), self.revision)

    def deleted_by(self, index: int) -> int:
        """How many keys the operation at `index`, which was a deletion, deleted."""
        return number(self.responses[index].get("response_delete_range", {}), "deleted")


@dataclass(frozen=True, kw_only=True)
class Event:
    """A change of one key. A deletion carries the key and its `mod_revision` alone."""

    kind: Literal["PUT", "DELETE"]
    kv: KeyValue


@dataclass(frozen=True, kw_only=True)
class WatchBatch:
    """Events in the order of their revisions; `revision` is the store's when it was sent. No events: progress
    alone, everything up to `revision` has been sent."""

    revision: int
    events: tuple[Event, ...]


@dataclass(frozen=True, kw_only=True)
class MemberEntry:
    """A line of etcd's member list. `name` is empty until the member has started once."""

    id: int
    name: str
    peer_urls: tuple[str, ...]
    client_urls: tuple[str, ...]
    learner: bool


@dataclass(frozen=True, kw_only=True)
class MemberStatus:
    """What one member says of itself. `leader` 0: it knows none. Sizes in bytes."""

    member_id: int
    cluster_id: int
    version: str
    leader: int
    term: int
    raft_index: int
    raft_applied: int
    db_size: int
    db_in_use: int
    db_quota: int
    learner: bool
    errors: tuple[str, ...]
    revision: int


def text(data: bytes) -> str:
    """Bytes as they stand in JSON."""
    return b64encode(data).decode()


def data(fields: Json, name: str) -> bytes:
    """A field of bytes; empty where it is left out."""
    return b64decode(fields.get(name) or "")


def number(fields: Json, name: str) -> int:
    """A numeric field; 0 where it is left out."""
    return int(fields.get(name) or 0)


def put_op(key: bytes, value: bytes, *, lease: int = 0) -> Json:
    """An operation that writes."""
    put: dict[str, Any] = {"key": text(key), "value": text(value)}
    if lease:
        put["lease"] = str(lease)
    return {"request_put": put}


def delete_op(key: bytes, end: bytes = b"") -> Json:
    """An operation that deletes a key, or all from `key` up to `end`, which is left out."""
    return {"request_delete_range": _keys(key, end)}


def range_op(key: bytes, end: bytes = b"", *, limit: int = 0) -> Json:
    """An operation that reads."""
    return {"request_range": range_request(key, end, limit=limit)}


def range_request(
    key: bytes, end: bytes = b"", *, limit: int = 0, revision: int = 0, serializable: bool = False
) -> dict[str, Any]:
    """The body of a range read. `end` is left out of the range; b"\\0" is no end."""
    request: dict[str, Any] = _keys(key, end)
    if limit:
        request["limit"] = str(limit)
    if revision:
        request["revision"] = str(revision)
    if serializable:
        request["serializable"] = True
    return request


def mod_is(key: bytes, revision: int) -> Json:
    """A comparison: the key was last written at `revision`; 0: it isn't there."""
    return {"key": text(key), "target": "MOD", "result": "EQUAL", "mod_revision": str(revision)}


def value_is(key: bytes, value: bytes) -> Json:
    """A comparison: the key is there and holds `value`."""
    return {"key": text(key), "target": "VALUE", "result": "EQUAL", "value": text(value)}


def prefix_end(prefix: bytes) -> bytes:
    """The end of the range of all keys that begin with `prefix`."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else b"\0"


def key_value(fields: Json) -> KeyValue:
    """A key as etcd tells it."""
    return KeyValue(
        key=data(fields, "key"),
        value=data(fields, "value"),
        create_revision=number(fields, "create_revision"),
        mod_revision=number(fields, "mod_revision"),
        version=number(fields, "version"),
        lease=number(fields, "lease"),
    )


def range_result(fields: Json, revision: int | None = None) -> RangeResult:
    """The answer to a range read; inside of a transaction the revision is the transaction's."""
    header = number(fields.get("header", {}), "revision")
    return RangeResult(
        revision=header if revision is None else revision,
        kvs=tuple(key_value(kv) for kv in fields.get("kvs", ())),
        count=number(fields, "count"),
        more=bool(fields.get("more", False)),
    )


def txn_result(fields: Json) -> TxnResult:
    """The answer to a transaction."""
    return TxnResult(
        revision=number(fields.get("header", {}), "revision"),
        succeeded=bool(fields.get("succeeded", False)),
        responses=tuple(fields.get("responses", ())),
    )


def events(fields: Json) -> WatchBatch:
    """One answer of a watch."""
    return WatchBatch(
        revision=number(fields.get("header", {}), "revision"),
        events=tuple(
            Event(
                kind="DELETE" if event.get("type") == "DELETE" else "PUT", kv=key_value(event.get("kv", {}))
            )
            for event in fields.get("events", ())
        ),
    )


def members(fields: Json) -> tuple[MemberEntry, ...]:
    """The member list."""
    return tuple(member(entry) for entry in fields.get("members", ()))


def member(fields: Json) -> MemberEntry:
    """One entry of the member list."""
    return MemberEntry(
        id=number(fields, "ID"),
        name=str(fields.get("name", "")),
        peer_urls=_texts(fields.get("peerURLs", ())),
        client_urls=_texts(fields.get("clientURLs", ())),
        learner=bool(fields.get("isLearner", False)),
    )


def status(fields: Json) -> MemberStatus:
    """A member's status."""
    header = fields.get("header", {})
    return MemberStatus(
        member_id=number(header, "member_id"),
        cluster_id=number(header, "cluster_id"),
        version=str(fields.get("version", "")),
        leader=number(fields, "leader"),
        term=number(fields, "raftTerm"),
        raft_index=number(fields, "raftIndex"),
        raft_applied=number(fields, "raftAppliedIndex"),
        db_size=number(fields, "dbSize"),
        db_in_use=number(fields, "dbSizeInUse"),
        db_quota=number(fields, "dbSizeQuota"),
        learner=bool(fields.get("isLearner", False)),
        errors=_texts(fields.get("errors", ())),
        revision=number(header, "revision"),
    )


def _keys(key: bytes, end: bytes) -> dict[str, Any]:
    return {"key": text(key), "range_end": text(end)} if end else {"key": text(key)}


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
