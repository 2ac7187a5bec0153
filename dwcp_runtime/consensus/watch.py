"""Follows keys in etcd for one client, as lines; see `watch_lines`.

Memory is bounded: the next change is asked for when the client has taken the last one, and etcd keeps what
it has not sent by revision, not by client. A client that takes nothing for a while is cut off, and goes on
later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Final

from dwcp_runtime.consensus import watch_lines
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_error import CompactedError, GatewayError
from dwcp_runtime.consensus.gateway_text import WatchBatch
from dwcp_runtime.consensus.status_document import Condition

QUIET_SECONDS: Final = 5.0
"""After so long without a change the last revision is told again: clients see that the watch stands, and one
that has gone is noticed."""


async def lines(
    gateway: Gateway,
    start: bytes,
    end: bytes,
    revision: int,
    *,
    trouble: Callable[[], Condition | None],
    ending: asyncio.Event,
    quiet_seconds: float = QUIET_SECONDS,
) -> AsyncGenerator[bytes]:
    """Lines for a range of etcd from `revision` on, 0: from now on. The last one says why it ends.

    `trouble` is asked whenever it is quiet: a member that is cut off from its group sees no changes, and
    would be quiet for ever. `ending`: set when the agent ends.
    """
    last = revision - 1 if revision else None
    stands = False
    try:
        # Not closing the stream at once would leave its connection to the garbage collector.
        async with aclosing(_batches(gateway, start, end, revision, ending, quiet_seconds)) as batches:
            async for batch in batches:
                if batch is None:
                    if ending.is_set():
                        yield _cut("the agent ends", "ending", last)
                        return
                    if (condition := trouble()) is not None:
                        yield _cut(condition.message, condition.kind, last)
                        return
                    if last is not None:
                        yield watch_lines.standing(last)
                    continue
                for reached, told in watch_lines.changes(batch):
                    last = reached
                    yield told
                if not batch.events:
                    # The first one tells the store's revision, which a watch from the past has yet to reach;
                    # later ones come when everything up to theirs has been sent.
                    last = batch.revision if last is None or stands else last
                    stands = True
                    yield watch_lines.standing(last)
    except CompactedError as error:
        yield watch_lines.compacted(revision, error.oldest)
    except GatewayError as error:
        yield _cut(str(error), "broken", last)


def _cut(error: str, reason: str, last: int | None) -> bytes:
    resume = None if last is None else last + 1
    allowed = "watch again, here or at another member" + (
        "" if resume is None else f", with revision={resume}"
    )
    return watch_lines.ended(error, allowed=allowed, reason=reason, resume=resume)


async def _batches(
    gateway: Gateway, start: bytes, end: bytes, revision: int, ending: asyncio.Event, quiet_seconds: float
) -> AsyncGenerator[WatchBatch | None]:
    """The stream's batches, and None whenever it was quiet for so long, or the agent ends."""
    stream = gateway.watch(start, end, revision)
    async with aclosing(stream):  # type: ignore[type-var]
        following: asyncio.Future[Any] = asyncio.ensure_future(anext(stream))
        over: asyncio.Future[Any] = asyncio.ensure_future(ending.wait())
        try:
            while True:
                await asyncio.wait(
                    {following, over}, timeout=quiet_seconds, return_when=asyncio.FIRST_COMPLETED
                )
                if not following.done():
                    yield None
                    continue
                try:
                    batch: WatchBatch = following.result()
                except StopAsyncIteration:
                    return
                yield batch
                following = asyncio.ensure_future(anext(stream))
        finally:
            following.cancel()
            over.cancel()
            await asyncio.wait({following, over})
