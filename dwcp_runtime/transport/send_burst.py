"""Blocks that a worker thread takes from the disk to a socket, one after another, without the event loop.

On a path as near as a cable a block is sent in less than a millisecond, and the two changes of thread that it
costs to go through the loop are a third of the sender's CPU time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from dwcp_runtime.transport.block_feed import Ready
from dwcp_runtime.transport.block_head import block_head
from dwcp_runtime.transport.channel import Channel
from dwcp_runtime.transport.errors import DwcpError

NEAR: Final = 0.002
"""Seconds of the shortest round trip up to which a path is near: a cable, a rack, a building."""

MOST: Final = 16
"""Blocks that a thread takes at once."""

SECONDS: Final = 0.05
"""After which a thread begins no further block: it may be needed for something else, and the level may have
to change."""


class Burst:
    """Blocks, given as index and level, that one thread prepares and sends.

    `run` is the thread's. The others are the event loop's, at any time: they need no lock because a block
    leaves the queue by one step of the interpreter, and what was done only grows. `problem` is the stream's,
    `unreadable` the source's; either ends it within the block that was begun last.
    """

    def __init__(self, wanted: Sequence[tuple[int, int | None]]) -> None:
        self.problem: DwcpError | None = None
        self.unreadable: Exception | None = None
        self._wanted = [index for index, _ in wanted]
        self._queue = deque(wanted)
        self._done: list[tuple[Ready, int]] = []
        self._seconds = (0.0, 0.0)
        self._told_seconds = (0.0, 0.0)
        self._told_begun = 0
        self._told_done = 0

    def run(
        self,
        channel: Channel,
        stream: int,
        prepare: Callable[[int, int | None], Ready],
        *,
        go_on: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Work until all is sent or was taken back, `SECONDS` are over, or `go_on` says no. The first block
        is sent whatever they say."""
        until = clock() + SECONDS
        while not self._done or (clock() < until and go_on()):
            try:
                index, level = self._queue.popleft()
            except IndexError:
                return
            begin = time.perf_counter()
            try:
                ready = prepare(index, level)
            except Exception as problem:
                self.unreadable = problem
                return
            prepared, cpu = time.perf_counter() - begin, time.thread_time()
            try:
                head = block_head(stream, ready.start, ready.count, ready.encoded)
                channel.send_now(head, *ready.encoded.parts)
            except DwcpError as problem:
                self.problem = problem
                return
            before = self._seconds
            self._seconds = (before[0] + prepared, before[1] + time.thread_time() - cpu)
            self._done.append((ready, len(head) + ready.encoded.body_length))

    def begun(self) -> Sequence[int]:
        """The blocks that the thread began with since this was last asked. Whatever the receiver says of a
        block, it was begun before."""
        count = len(self._wanted) - len(self._queue)
        news = self._wanted[self._told_begun : count]
        self._told_begun = max(self._told_begun, count)
        return news

    def done(self) -> Sequence[tuple[Ready, int]]:
        """The blocks that were sent since this was last asked, with their bytes on the wire."""
        news = self._done[self._told_done :]
        self._told_done += len(news)
        return news

    def seconds(self) -> tuple[float, float]:
        """Since this was last asked: in which there was nothing to send, for the block was being prepared;
        and of CPU time while it was sent, TLS included."""
        now, before = self._seconds, self._told_seconds
        self._told_seconds = now
        return now[0] - before[0], now[1] - before[1]

    def take_back(self) -> Sequence[int]:
        """The blocks that the thread has not begun with: they are the caller's again."""
        back: list[int] = []
        while True:
            try:
                back.append(self._queue.pop()[0])
            except IndexError:
                del self._wanted[len(self._wanted) - len(back) :]
                return back

    @property
    def sent(self) -> int:
        """Blocks that were sent."""
        return len(self._done)

    @property
    def half(self) -> int | None:
        """The block that was begun and not sent. For a thread that has come back."""
        begun = self._wanted[: len(self._wanted) - len(self._queue)]
        return begun[self.sent] if self.sent < len(begun) else None
