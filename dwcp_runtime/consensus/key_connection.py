"""One connection to the API's port. What it reads whole it answers itself; with the first request that is
anything else it goes over to aiohttp for good.

aiohttp's server takes 50 us of a core for a request where this takes 15, and etcd's leader 50 for its share
of a batch of writes: with many clients that was the largest part of a write.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, cast

from dwcp_runtime.consensus import answer_bytes, answers, key_call
from dwcp_runtime.consensus.answers import Refused
from dwcp_runtime.consensus.key_requests import KeyRequests
from dwcp_runtime.consensus.whole_requests import WholeRequest, WholeRequests

KEEP_SECONDS: Final = 75.0
"""How long a connection may be idle."""


class KeyConnection(asyncio.Protocol):
    """`others` makes the protocol that takes over. `open_` holds the connections that are served here."""

    def __init__(
        self,
        requests: KeyRequests,
        others: Callable[[], asyncio.Protocol],
        open_: set[KeyConnection],
        *,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        self._requests = requests
        self._others = others
        self._open = open_
        self._keep_seconds = keep_seconds
        self._loop = asyncio.get_running_loop()
        self._reader = WholeRequests()
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._answering: asyncio.Task[None] | None = None
        self._behind = b""
        self._full = False
        self._ending = False
        self._used = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast(asyncio.Transport, transport)
        self._open.add(self)
        self._timer = self._loop.call_later(self._keep_seconds, self._look)

    def connection_lost(self, error: Exception | None) -> None:
        """It is gone. A write that is under way goes on: nobody could be told that it did not."""
        self._leave()

    def data_received(self, data: bytes) -> None:
        """One request, or anything."""
        if self._answering is not None or self._full:
            # One at a time, and none for who does not read: what is held for a client is one piece.
            self._behind += data
            self._transport.pause_reading()
            return
        request = self._reader.read(data)
        if request is None:
            self._hand_over(data)
        else:
            self._answering = self._loop.create_task(self._answer(request))

    def pause_writing(self) -> None:
        """The client reads slower than it asks."""
        self._full = True

    def resume_writing(self) -> None:
        """It has read."""
        self._full = False
        self._go_on()

    def end(self) -> asyncio.Task[None] | None:
        """Close, after the answer that is under way: what is returned ends with it."""
        self._ending = True
        if self._answering is None:
            self._transport.close()
        return self._answering

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    async def _answer(self, request: WholeRequest) -> None:
        second = int(time.time())
        try:
            if request.method == "GET":
                found = await self._requests.read(key_call.read(request.target))
                told = answer_bytes.of(found, second)
            else:
                call = key_call.write(
                    request.target,
                    deletes=request.method == "DELETE",
                    origin=request.origin,
                    if_match=request.if_match,
                    if_none_match=request.if_none_match,
                )
                told = answer_bytes.written(await self._requests.write(call, request.body), second)
        except Refused as refused:
            told = answer_bytes.of(refused.response, second)
        except Exception as error:
            told = answer_bytes.of(answers.fault(error, request.method, request.target).response, second)
        self._answering = None
        self._used = self._loop.time()
        if self._transport.is_closing():
            return
        self._transport.write(told)
        if self._ending:
            self._transport.close()
        else:
            self._go_on()

    def _go_on(self) -> None:
        if self._behind and self._answering is None and not self._full:
            data, self._behind = self._behind, b""
            self._transport.resume_reading()
            self.data_received(data)

    def _hand_over(self, data: bytes) -> None:
        self._leave()
        other = self._others()
        self._transport.set_protocol(other)
        other.connection_made(self._transport)
        other.data_received(data)

    def _look(self) -> None:
        left = self._used + self._keep_seconds - self._loop.time()
        if self._answering is not None:
            left = self._keep_seconds
        if left <= 0:
            self._transport.abort()
        else:
            self._timer = self._loop.call_later(left, self._look)

    def _leave(self) -> None:
        self._open.discard(self)
        if self._timer is not None:
            self._timer.cancel()
