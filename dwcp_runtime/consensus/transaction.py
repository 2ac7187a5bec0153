"""A batch of writes as one transaction of etcd, and what it did to each of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dwcp_runtime.consensus import gateway_text as wire
from dwcp_runtime.consensus.gateway_text import Json, TxnResult
from dwcp_runtime.consensus.put_batch import Write


@dataclass(frozen=True, kw_only=True)
class Written:
    """A write that took effect. `revision` is the store's then; `deleted`: whether there was anything to
    delete, None for a put."""

    revision: int
    deleted: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A conditional write that did not take effect. `current`: the revision at which the key was last
    written, 0 if it isn't there."""

    revision: int
    current: int


def operations(writes: Sequence[Write]) -> list[Json]:
    """One operation for each write. A conditional one is a transaction inside: its comparison decides over
    nothing else."""
    return [_plain(write) if write.expected is None else _conditional(write) for write in writes]


def outcomes(writes: Sequence[Write], result: TxnResult) -> list[Written | Conflict]:
    """What became of each write, in their order."""
    return [
        _outcome(write, response, result.revision)
        for write, response in zip(writes, result.responses, strict=True)
    ]


def _plain(write: Write) -> Json:
    return wire.delete_op(write.key) if write.value is None else wire.put_op(write.key, write.value)


def _conditional(write: Write) -> Json:
    assert write.expected is not None
    look = {"request_range": {**wire.range_request(write.key), "keys_only": True}}
    return {
        "request_txn": {
            "compare": [wire.mod_is(write.key, write.expected)],
            "success": [_plain(write)],
            "failure": [look],
        }
    }


def _outcome(write: Write, response: Json, revision: int) -> Written | Conflict:
    if write.expected is None:
        return Written(revision=revision, deleted=_deleted(write, response))
    inner = response.get("response_txn", {})
    first = inner.get("responses", [{}])[0]
    if inner.get("succeeded", False):
        return Written(revision=revision, deleted=_deleted(write, first))
    found = wire.range_result(first.get("response_range", {}), revision).kvs
    return Conflict(revision=revision, current=found[0].mod_revision if found else 0)


def _deleted(write: Write, response: Json) -> bool | None:
    if write.value is not None:
        return None
    return wire.number(response.get("response_delete_range", {}), "deleted") > 0
