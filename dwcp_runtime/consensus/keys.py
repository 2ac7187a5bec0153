"""What the API's keys mean over etcd: reads that see every write before them, and writes with a revision.

A revision counts the store's writes, so it only grows. Who holds something by having written a key hands its
revision on, and whatever is protected refuses a smaller one than it has seen: the revision fences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dwcp_runtime.consensus import gateway_text as wire
from dwcp_runtime.consensus import key_text
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_text import KeyValue
from dwcp_runtime.consensus.put_batch import MOST_VALUE_BYTES, Write
from dwcp_runtime.consensus.put_queue import PutQueue
from dwcp_runtime.consensus.transaction import Conflict, Written

MOST_LISTED: Final = 1000
"""Keys of one answer without values."""

MOST_LISTED_WITH_VALUES: Final = 16
"""Keys of one answer with values: each may have `MOST_VALUE_BYTES`."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One key, or None if it isn't there. `revision` is the store's."""

    revision: int
    entry: KeyValue | None


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some keys in their order, by the names that the API gives them. `revision`: that of the store which the
    page shows. `count`: how many there are from the page's start on. `more`: whether others follow."""

    revision: int
    entries: tuple[KeyValue, ...]
    count: int
    more: bool


class Keys:
    """Reads and writes by the API's keys. Every method raises what the gateway raises."""

    def __init__(self, gateway: Gateway, committed: Callable[[float], None] = lambda _seconds: None) -> None:
        self._gateway = gateway
        self._queue = PutQueue(gateway, committed)

    async def get(self, key: bytes, *, revision: int = 0) -> Found:
        """Linearizable; with `revision` as it was then, CompactedError where that is no longer kept."""
        found = await self._gateway.range(key_text.stored(key), revision=revision)
        entry = _told(found.kvs[0]) if found.kvs else None
        return Found(revision=found.revision, entry=entry)

    async def list(
        self,
        prefix: bytes,
        *,
        after: bytes | None = None,
        limit: int,
        revision: int = 0,
        values: bool = False,
    ) -> Page:
        """Keys that begin with `prefix`, those up to and with `after` left out."""
        start, end = key_text.below(prefix)
        if after is not None:
            start = max(start, key_text.stored(after) + b"\0")
        if start >= end:
            start = end
        request = wire.range_request(start, end, limit=limit, revision=revision)
        answer = await self._gateway.call("/v3/kv/range", {**request, "keys_only": not values})
        found = wire.range_result(answer)
        return Page(
            revision=revision or found.revision,
            entries=tuple(_told(entry) for entry in found.kvs),
            count=found.count,
            more=found.more,
        )

    async def put(self, key: bytes, value: bytes, *, expected: int | None = None) -> Written | Conflict:
        """Write. Raises also FullError and NotSentError."""
        assert len(value) <= MOST_VALUE_BYTES
        return await self._queue.write(Write(key=key_text.stored(key), value=value, expected=expected))

    async def delete(self, key: bytes, *, expected: int | None = None) -> Written | Conflict:
        """Delete; nothing to delete is no error. Raises also FullError and NotSentError."""
        return await self._queue.write(Write(key=key_text.stored(key), value=None, expected=expected))

    async def close(self) -> None:
        """Wait for the writes that are under way."""
        await self._queue.close()


def _told(entry: KeyValue) -> KeyValue:
    return KeyValue(
        key=key_text.told(entry.key),
        value=entry.value,
        create_revision=entry.create_revision,
        mod_revision=entry.mod_revision,
        version=entry.version,
        lease=entry.lease,
    )
