"""A fixed number of block buffers: who has none waits, and so memory is bounded whatever disk or link do."""

from __future__ import annotations

import asyncio
from collections import deque


class BufferPool:
    """`count` buffers of `size` bytes, made when first needed. Not thread-safe: one event loop uses it.

    `acquire` waits for a free one; waiters are served in the order they came.
    """

    def __init__(self, *, count: int, size: int) -> None:
        self.size = size
        self._unmade = count
        self._free: list[bytearray] = []
        self._waiting: deque[asyncio.Future[bytearray]] = deque()

    @property
    def bound(self) -> int:
        """Bytes held at most by the buffers made so far and those that may still be made."""
        return (self._unmade + self._made) * self.size

    _made = 0

    def grow(self, count: int) -> None:
        """Allow at least `count` buffers from now on; the pool never shrinks."""
        for _ in range(count - self._made - self._unmade):
            self._unmade += 1
            if self._waiting:
                self.release(self._make())

    def _make(self) -> bytearray:
        self._unmade -= 1
        self._made += 1
        return bytearray(self.size)

    async def acquire(self) -> bytearray:
        """A buffer of `size` bytes with arbitrary content."""
        if self._free:
            return self._free.pop()
        if self._unmade:
            return self._make()
        waiter: asyncio.Future[bytearray] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release(waiter.result())
            raise

    def release(self, buffer: bytearray) -> None:
        """Give a buffer back. The caller must hold no view of it any more."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(buffer)
                return
        self._free.append(buffer)
