"""The sender's kitchen: turns pending blocks into encoded ones, a few ahead of the streams that take them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from dwcp_runtime.encoding.block_digest import DIGEST_BYTES, zero_digest
from dwcp_runtime.encoding.encoded import Codec, Encoded
from dwcp_runtime.encoding.encoder import BlockEncoder
from dwcp_runtime.transport.block_schedule import BlockSchedule
from dwcp_runtime.transport.buffer_pool import BufferPool
from dwcp_runtime.transport.in_thread import in_thread
from dwcp_runtime.transport.source import Source

if TYPE_CHECKING:
    from dwcp_runtime.encoding.baseline import Baseline


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """`count` blocks from `start` on, encoded: more than one only of zeros. `buffer` goes back to the pool
    when the parts were sent; `level` is what was asked for, `seconds` the CPU time that encoding took."""

    start: int
    count: int
    encoded: Encoded
    buffer: bytearray | None
    level: int | None = None
    seconds: float = 0.0


WORKERS: Final = max(2, min(8, os.cpu_count() or 1))
"""Blocks that are prepared at a time."""


class Known(Protocol):
    """What the receiver answers about a block's pages."""

    async def get(self, index: int) -> bytes | None:
        """A bit for each page of the block, or None for no references at all."""

    def skip(self, index: int) -> None:
        """The block goes without."""


class BlockFeed:
    """Workers that read and encode, and a short queue of what is ready.

    Memory: the pool's buffers. `window` bounds the blocks that were sent and are not durable yet, which is
    what a crash of the receiver can cost. `level` is asked for every block: a zstd level, or None for raw.
    """

    def __init__(
        self,
        *,
        schedule: BlockSchedule,
        source: Source,
        block_size: int,
        encoder: BlockEncoder,
        pool: BufferPool,
        threads: Executor,
        workers: int,
        window: int,
        level: Callable[[], int | None],
        observe: Callable[[Ready], None],
        digests: bytearray,
        sparse: bool,
        baseline: Baseline | None = None,
        known: Known | None = None,
    ) -> None:
        self.source_seconds = 0.0
        self.encoder_seconds = 0.0
        self.starved_seconds = 0.0
        self.sending_seconds = 0.0
        self.plain: set[int] = set()
        self._schedule = schedule
        self._source = source
        self._block_size = block_size
        self._encoder = encoder
        self.pool = pool
        self.threads = threads
        self.workers = workers
        self._window = window
        self._level = level
        self._observe = observe
        self._digests = digests
        self._sparse = sparse
        self._baseline = baseline
        self._known = known
        self._ready: asyncio.Queue[Ready] = asyncio.Queue(maxsize=workers)
        self._filled = asyncio.Event()
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self._bursts = 0
        self._near = 0
        # Taken by streams that prepare them, and not prepared yet as far as is known here.
        self._unknown: set[int] = set()
        self._failed: asyncio.Future[None] = self._loop.create_future()

    def poke(self) -> None:
        """There may be more to do: blocks went back to pending, or the window moved."""
        self._wake.set()

    async def next(self, free: asyncio.Event) -> Ready:
        """The next block for a stream, as soon as there is one while `free` is set."""
        while True:
            await free.wait()
            if not self._ready.empty():
                return self._ready.get_nowait()
            begin = self._loop.time()
            self._waiting += 1
            self._wake.set()
            try:
                self._filled.clear()
                await self._filled.wait()
            finally:
                self._waiting -= 1
                self.starved_seconds += self._loop.time() - begin

    @contextmanager
    def near(self) -> Iterator[None]:
        """While a stream over a near path runs."""
        self._near += 1
        try:
            yield
        finally:
            self._near -= 1
            self._wake.set()

    @property
    def _by_streams(self) -> bool:
        """Whether streams prepare their blocks themselves: each in the thread that sends them, so there must
        be as many as workers, and nothing to ask the receiver."""
        return self._near >= self.workers and self._known is None

    def take_burst(self, most: int) -> list[tuple[int, int | None]]:
        """Up to `most` blocks, as index and level, for a stream that prepares them itself. None where it does
        not, where blocks are ready, or where enough streams do. `learn` or `give_back` comes for each, then
        `end_burst`."""
        if not self._by_streams or self._bursts == self.workers or not self._ready.empty():
            return []
        taken: list[tuple[int, int | None]] = []
        while len(taken) < most and (index := self._take()) is not None:
            taken.append((index, self._level()))
            self._unknown.add(index)
        self._bursts += 1 if taken else 0
        return taken

    @property
    def knows_all(self) -> bool:
        """Whether the digests of all blocks are known that a stream ever took."""
        return not self._unknown

    def learn(self, ready: Ready) -> None:
        """A block was prepared."""
        index = ready.start
        self._unknown.discard(index)
        self._digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES] = ready.encoded.digest
        self._observe(ready)

    def give_back(self, blocks: Iterable[int]) -> None:
        """A burst leaves these to whoever comes next."""
        for index in blocks:
            self._unknown.discard(index)
            self._schedule.give_back(index)
        self._wake.set()

    def end_burst(self, half: int | None) -> None:
        """A burst is over. The block that it could not finish is pending again, or another stream's."""
        if half is not None:
            self._unknown.discard(half)
        self._bursts -= 1
        self._wake.set()

    def fail(self, problem: Exception) -> None:
        """End `run` with it: a burst could not read the source."""
        if not self._failed.done():
            self._failed.set_exception(problem)

    async def _offer(self, ready: Ready) -> None:
        await self._ready.put(ready)
        self._filled.set()

    def release(self, ready: Ready) -> None:
        """A block was sent, or will never be: its memory is free."""
        if ready.buffer is not None:
            self.pool.release(ready.buffer)

    async def run(self) -> None:
        """Work until cancelled. DwcpError when the source cannot be read."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fails())
            if self._sparse:
                group.create_task(self._send_holes())
            for _ in range(self.workers):
                group.create_task(self._work())

    async def _fails(self) -> None:
        await self._failed

    async def _send_holes(self) -> None:
        holes = await self._loop.run_in_executor(
            self.threads, lambda: list(self._source.holes(self._block_size))
        )
        for first, length in holes:
            for start, count in self._schedule.take_run(first, length):
                await self._offer(self._zeros(start, count))

    def _zeros(self, start: int, count: int) -> Ready:
        last = start + count - 1
        self._digests[start * DIGEST_BYTES : last * DIGEST_BYTES] = zero_digest(self._block_size) * (
            count - 1
        )
        self._digests[last * DIGEST_BYTES : (last + 1) * DIGEST_BYTES] = zero_digest(self._length(last))
        encoded = Encoded(
            codec=Codec.ZERO, raw_length=self._length(last), digest=zero_digest(self._length(last)), parts=()
        )
        return Ready(start=start, count=count, encoded=encoded, buffer=None)

    async def _work(self) -> None:
        while True:
            wanted = not self._by_streams or self._waiting > self._ready.qsize()
            index = self._take() if wanted else None
            if index is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            level = self._level()
            known = None
            if self._known is not None:
                if level is None or index in self.plain:
                    self._known.skip(index)
                else:
                    known = await self._known.get(index)
            buffer = await self.pool.acquire()
            ready = await in_thread(self.threads, self.prepare, index, buffer, level, known)
            self.learn(ready)
            if ready.buffer is None:
                self.pool.release(buffer)
            await self._offer(ready)

    def _take(self) -> int | None:
        return self._schedule.take() if self._schedule.unconfirmed < self._window else None

    def _length(self, index: int) -> int:
        return min(self._block_size, self._source.size - index * self._block_size)

    def prepare(self, index: int, buffer: bytearray, level: int | None, known: bytes | None = None) -> Ready:
        """Read and encode one block, in a worker thread. DwcpError when the source cannot be read."""
        begin = time.perf_counter()
        raw = memoryview(buffer)[: self._length(index)]
        self._source.read(index * self._block_size, raw)
        middle, cpu = time.perf_counter(), time.thread_time()
        encoded = self._encoder.encode(
            raw,
            offset=index * self._block_size,
            level=level,
            known=known,
            baseline=None if index in self.plain else self._baseline,
        )
        end, spent = time.perf_counter(), time.thread_time() - cpu
        self.source_seconds += middle - begin
        self.encoder_seconds += end - middle
        keeps = any(isinstance(part, memoryview) for part in encoded.parts)
        return Ready(
            start=index,
            count=1,
            encoded=encoded,
            buffer=buffer if keeps else None,
            level=level,
            seconds=spent,
        )
