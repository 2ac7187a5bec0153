"""The sender's kitchen: turns pending blocks into encoded ones, a few ahead of the streams that take them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dwcp_runtime.encoding.block_digest import DIGEST_BYTES, zero_digest
from dwcp_runtime.encoding.encoded import Codec, Encoded
from dwcp_runtime.encoding.encoder import BlockEncoder
from dwcp_runtime.transport.block_schedule import BlockSchedule
from dwcp_runtime.transport.buffer_pool import BufferPool
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
        self.plain: set[int] = set()
        self._schedule = schedule
        self._source = source
        self._block_size = block_size
        self._encoder = encoder
        self._pool = pool
        self._threads = threads
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
            try:
                self._filled.clear()
                await self._filled.wait()
            finally:
                self.starved_seconds += self._loop.time() - begin

    async def _offer(self, ready: Ready) -> None:
        await self._ready.put(ready)
        self._filled.set()

    def release(self, ready: Ready) -> None:
        """A block was sent, or will never be: its memory is free."""
        if ready.buffer is not None:
            self._pool.release(ready.buffer)

    async def run(self) -> None:
        """Work until cancelled. DwcpError when the source cannot be read."""
        async with asyncio.TaskGroup() as group:
            if self._sparse:
                group.create_task(self._send_holes())
            for _ in range(self.workers):
                group.create_task(self._work())

    async def _send_holes(self) -> None:
        holes = await self._loop.run_in_executor(
            self._threads, lambda: list(self._source.holes(self._block_size))
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
            index = self._take()
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
            buffer = await self._pool.acquire()
            ready = await self._loop.run_in_executor(
                self._threads, self._prepare, index, buffer, level, known
            )
            self._digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES] = ready.encoded.digest
            self._observe(ready)
            if ready.buffer is None:
                self._pool.release(buffer)
            await self._offer(ready)

    def _take(self) -> int | None:
        return self._schedule.take() if self._schedule.unconfirmed < self._window else None

    def _length(self, index: int) -> int:
        return min(self._block_size, self._source.size - index * self._block_size)

    def _prepare(self, index: int, buffer: bytearray, level: int | None, known: bytes | None) -> Ready:
        """Read and encode one block, in a worker thread."""
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
