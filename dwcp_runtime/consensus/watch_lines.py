"""What a watch tells its client: one JSON a line, and all that happened at one revision in one line. Pure.

So a client that was cut off goes on from the revision of its last line plus one, and has missed nothing and
seen nothing in halves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from dwcp_runtime.consensus import key_text
from dwcp_runtime.consensus.gateway_text import Event, WatchBatch, text


def standing(revision: int) -> bytes:
    """Everything up to `revision` has been told."""
    return line({"revision": revision, "events": []})


def changes(batch: WatchBatch) -> Iterator[tuple[int, bytes]]:
    """A line for each revision, with that revision. etcd never cuts a revision in two."""
    for revision, events in groupby(batch.events, key=lambda event: event.kv.mod_revision):
        yield revision, line({"revision": revision, "events": [_told(event) for event in events]})


def compacted(asked: int, oldest: int) -> bytes:
    """The last line: what was asked for is gone."""
    since = f"; the oldest that is kept is {oldest}" if oldest else ""
    return ended(
        f"revision {asked} is no longer kept{since}",
        allowed="list the keys, and watch from the list's revision plus one",
        reason="compacted",
        resume=None,
    )


def ended(error: str, *, allowed: str, reason: str, resume: int | None) -> bytes:
    """The last line of a watch that can't go on here. `resume`: the revision to go on from."""
    fields: dict[str, Any] = {"error": error, "allowed": allowed, "reason": reason}
    return line(fields if resume is None else {**fields, "resume": resume})


def line(fields: dict[str, Any]) -> bytes:
    """One JSON and its line's end."""
    return json.dumps(fields).encode() + b"\n"


def _told(event: Event) -> dict[str, Any]:
    key = key_text.encode(key_text.told(event.kv.key))
    if event.kind == "DELETE":
        return {"type": "delete", "key": key}
    return {"type": "put", "key": key, "value": text(event.kv.value), "created": event.kv.create_revision}
