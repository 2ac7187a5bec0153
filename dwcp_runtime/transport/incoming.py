"""One file on its way in: the control connection, the data streams, the syncs, and the end.

Memory: one buffer of a block for each stream, two for each processor and two more, as far as the budget of
all transfers has them; a stream without one waits. 18 bytes a block of the file, and a mebibyte of answers.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from dwcp_runtime.encoding.baseline import BaselineFile
from dwcp_runtime.encoding.inventory import Inventory
from dwcp_runtime.encoding.pages import PAGE
from dwcp_runtime.transport.block_sink import BlockSink, Stored
from dwcp_runtime.transport.block_tally import BlockTally
from dwcp_runtime.transport.buffer_pool import BufferPool
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.first_problem import first_problem, wrapped
from dwcp_runtime.transport.frame_decoder import BlockArrived, BlockStarted, FrameArrived
from dwcp_runtime.transport.frames import (
    Answer,
    Attached,
    BlockHeader,
    Cancel,
    Durable,
    Finish,
    Finished,
    Have,
    Open,
    Opened,
    Ping,
    Pong,
    Query,
    Report,
    Resend,
    ResendReason,
    Zeros,
)
from dwcp_runtime.transport.in_thread import in_thread
from dwcp_runtime.transport.limits import MAX_ENTRIES
from dwcp_runtime.transport.link import Link
from dwcp_runtime.transport.memory_budget import Share
from dwcp_runtime.transport.progress import Progress, State
from dwcp_runtime.transport.receive_burst import WORTH, Received, burst
from dwcp_runtime.transport.runs import Run
from dwcp_runtime.transport.staging import Staging, Wanted

T = TypeVar("T")

SYNC_BYTES: Final = 64 << 20
"""Bytes written after which a sync begins without waiting for its time."""

SYNC_SECONDS: Final = 0.25
"""Seconds after which whatever was written is synced: how long a sender waits to hear of a block."""

REPORT: Final = 0.5

WORKING: Final = 2 + 2 * (os.cpu_count() or 1)
"""Buffers beside those of the streams: what the workers have in hand."""


class Incoming:
    """A transfer that is being received. `token` is the secret by which data streams join it."""

    def __init__(
        self,
        folder: Path,
        link: Link,
        wanted: Open,
        *,
        peer: str,
        streams: int,
        threads: Executor,
        share: Share,
        scratch: threading.local,
        bursts: asyncio.Semaphore,
        inventory: Inventory | None,
    ) -> None:
        self.token = secrets.token_bytes(16)
        self.ended = asyncio.Event()
        self.published: Path | None = None
        self._folder = folder
        self._link = link
        self._wanted = Wanted(
            transfer=wanted.transfer,
            name=wanted.name,
            size=wanted.size,
            block_size=wanted.block_size,
            mode=wanted.mode,
        )
        self._peer = peer
        self._allowed = streams
        self._threads = threads
        self._inventory = inventory
        self._offered_baseline = wanted.baseline
        self._baseline: BaselineFile | None = None
        self._loop = asyncio.get_running_loop()
        self._share = share
        self._pool = BufferPool(count=share.grow(WORKING), size=wanted.block_size)
        self._scratch = scratch
        self._bursts = bursts
        self._streams: dict[int, Link] = {}
        self._most_streams = 0
        self._staging: Staging | None = None
        self._sink: BlockSink | None = None
        self._stop: asyncio.Future[None] = self._loop.create_future()
        self._stores: set[asyncio.Task[Any]] = set()
        self._opening: asyncio.Future[Staging] | None = None
        self._working: set[asyncio.Future[Any]] = set()
        self._stored_some = asyncio.Event()
        self._stored_more = asyncio.Event()
        self._expected: asyncio.Future[bytes] = self._loop.create_future()
        self._whole = False
        self._state = State.RUNNING
        self._error: DwcpError | None = None
        self._closing = False
        self._begin = self._loop.time()
        self._end: float | None = None
        self._durable = 0
        self._resumed = 0
        self._tally = BlockTally()
        self._sync_seconds = 0.0

    def supersede(self) -> None:
        """End at once: the sender has come back by another connection."""
        self._halt(DwcpError(ErrorCode.CLOSED, "the sender came back by another connection"))

    async def interrupt(self) -> None:
        """Ask the sender to come back later, and end."""
        self._halt(
            DwcpError(ErrorCode.DRAINING, "this receiver is shutting down; the transfer can go on later")
        )
        await self.ended.wait()

    def _halt(self, problem: DwcpError) -> None:
        if not self._stop.done():
            self._stop.set_exception(problem)
            # Whoever does not wait for it any more knows why already.
            self._stop.exception()

    async def run(self) -> None:
        """From OPEN to FINISHED, or to the DwcpError that ended it."""
        try:
            self._staging = await self._open_stage()
            async with asyncio.TaskGroup() as group:
                halted = group.create_task(self._halted())
                background = [group.create_task(self._sync()), halted]
                await self._announce()
                background.append(group.create_task(self._report()))
                background.append(group.create_task(self._hear()))
                expected = await self._expected
                await self._publish(expected)
                for task in background:
                    task.cancel()
                await self._link.send(Finished(root=expected))
            self._state = State.DONE
        except asyncio.CancelledError:
            self._state = State.CANCELLED
            raise
        except Exception as problem:
            self._error = first_problem(problem) if isinstance(problem, ExceptionGroup) else wrapped(problem)
            self._state = State.FAILED
            raise self._error from self._error.__cause__
        finally:
            await asyncio.shield(self._close())
            self._share.close()
            self._end = self._loop.time()
            self.ended.set()

    async def _halted(self) -> None:
        await asyncio.shield(self._stop)

    async def _open_stage(self) -> Staging:
        """Open the stage in a thread, with a sign of life for the sender while an earlier run is verified."""
        self._opening = self._loop.run_in_executor(
            None, partial(Staging.open, self._folder, self._wanted, heard=self._go_on)
        )
        return await self._link.meanwhile(asyncio.shield(self._opening))

    def _go_on(self, done: int) -> None:
        """Called while a stage is verified: nobody may want it any more."""
        if self._closing or self._stop.done():
            raise DwcpError(ErrorCode.CLOSED, f"given up after {done} blocks were verified")

    async def _disk(self, work: Callable[..., T], *arguments: Any, executor: Executor | None = None) -> T:
        """Run in a thread what uses the stage. The thread goes on when the caller is cancelled, so the files
        stay open until it is done."""
        if executor is None:
            running = self._loop.run_in_executor(None, work, *arguments)
        else:
            running = in_thread(executor, work, *arguments)
        self._working.add(running)
        running.add_done_callback(self._worked)
        return await asyncio.shield(running)

    def _worked(self, running: asyncio.Future[Any]) -> None:
        self._working.discard(running)
        if not running.cancelled():
            running.exception()

    async def _announce(self) -> None:
        staging = self._staging
        assert staging is not None
        have = await self._disk(staging.durable)
        self._baseline = await self._loop.run_in_executor(None, self._find_baseline)
        self._sink = BlockSink(
            staging, scratch=self._scratch, inventory=self._inventory, baseline=self._baseline
        )
        await self._link.send(
            Opened(
                transfer=self._wanted.transfer,
                token=self.token,
                streams=self._allowed,
                have=len(have),
                inventory_pages=self._inventory.pages if self._inventory else 0,
                baseline_known=self._baseline is not None,
            )
        )
        for start in range(0, len(have), MAX_ENTRIES):
            await self._link.send(Have(entries=have[start : start + MAX_ENTRIES]))
        self._durable = self._resumed = sum(staging.length(index) for index, _ in have)

    async def _hear(self) -> None:
        """The control connection, until cancelled."""
        while True:
            event = await self._link.hear()
            if event is None:
                raise DwcpError(ErrorCode.CLOSED, "the sender went away")
            assert isinstance(event, FrameArrived)
            match event.frame:
                case Ping(nonce=nonce):
                    await self._link.send(Pong(nonce=nonce))
                case Query() as query:
                    await self._answer(query)
                case Finish(root=root) if not self._expected.done():
                    self._expected.set_result(root)
                case Cancel() if not self._whole:
                    assert self._staging is not None
                    self._staging.discard()
                    raise DwcpError(ErrorCode.CANCELLED, "the sender cancelled the transfer")
                case _:
                    pass

    def _find_baseline(self) -> BaselineFile | None:
        if self._inventory is None or self._offered_baseline is None:
            return None
        path = self._inventory.find(self._offered_baseline)
        try:
            return BaselineFile(path) if path else None
        except OSError:
            return None

    async def _answer(self, query: Query) -> None:
        """Which pages are known; where they lie is remembered until the block has come."""
        pages = -(-self._wanted.block_size // PAGE)
        if query.index >= self._wanted.blocks or len(query.fingerprints) > pages:
            raise DwcpError(
                ErrorCode.MALFORMED,
                f"a question about {len(query.fingerprints)} pages of block {query.index}; "
                f"the file has {self._wanted.blocks} blocks of {pages} pages",
            )
        if self._inventory is None or self._sink is None:
            known = bytes(-(-len(query.fingerprints) // 8))
        else:
            known, places = await self._loop.run_in_executor(
                self._threads, self._inventory.lookup, query.fingerprints
            )
            self._sink.remember(query.index, places)
        await self._link.send(Answer(index=query.index, known=known))

    async def _publish(self, root: bytes) -> None:
        """Give the file its name as soon as it is whole: FINISH overtakes the last blocks on their way."""
        staging = self._staging
        assert staging is not None
        while staging.missing:
            self._stored_more.clear()
            await self._stored_more.wait()
        # A block that comes twice must not change what has been verified.
        self._whole = True
        while self._stores:
            await asyncio.wait(set(self._stores))
        self.published = await self._disk(staging.publish, root)
        self._durable = self._wanted.size

    async def stream(self, link: Link) -> None:
        """A data connection, until the sender ends it. What goes wrong with it is its own affair; what goes
        wrong with the disk ends the transfer."""
        sink = self._sink
        if sink is None or self._stop.done():
            raise DwcpError(ErrorCode.UNKNOWN_TRANSFER, "the transfer has not begun or is over")
        if link.stream > self._allowed:
            raise DwcpError(ErrorCode.LIMIT, f"stream {link.stream}; allowed are 1 to {self._allowed}")
        if (old := self._streams.get(link.stream)) is not None:
            # The sender lost that connection and came back by this one, before it was missed here.
            old.channel.close()
        self._streams[link.stream] = link
        self._most_streams = max(self._most_streams, len(self._streams))
        self._grow()
        link.decoder.max_block = self._wanted.block_size
        buffer: bytearray | None = None
        try:
            await link.send(Attached())
            while (event := await link.receive()) is not None:
                match event:
                    case BlockStarted(header=header, body_length=length):
                        sink.judge(header)
                        buffer = await self._pool.acquire()
                        link.decoder.provide(memoryview(buffer)[:length])
                        if link.channel.waiting >= WORTH and not self._bursts.locked():
                            taken, buffer = buffer, None
                            buffer = await self._burst(link, sink, taken)
                    case BlockArrived(header=header, body=body):
                        assert buffer is not None
                        self._begin_store(self._store(sink, header, body, buffer))
                        buffer = None
                    case FrameArrived(frame=Zeros() as zeros):
                        await self._store_zeros(sink, zeros)
                    case _:
                        pass
        except DwcpError as problem:
            if problem.code is not ErrorCode.CLOSED or not link.channel.closed:
                raise
        finally:
            if self._streams.get(link.stream) is link:
                del self._streams[link.stream]
            if buffer is not None:
                self._pool.release(buffer)

    def _grow(self) -> None:
        """Have a buffer for each stream, as far as other transfers leave them."""
        self._pool.grow(self._share.grow(len(self._streams) + WORKING))

    def _begin_store(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Work on the stage that goes on when the stream ends, and is waited for before the file is."""
        store = self._loop.create_task(work)
        self._stores.add(store)
        store.add_done_callback(self._stores.discard)
        return store

    async def _burst(self, link: Link, sink: BlockSink, buffer: bytearray) -> bytearray | None:
        """Leave the stream to a thread for a while. The buffer, if a block is half in it."""
        running = self._begin_store(self._take_burst(link, sink, buffer))
        try:
            done, kept = await asyncio.shield(running)
        except asyncio.CancelledError:
            # The thread ends, and the buffer is free when it has.
            link.channel.close()
            raise
        try:
            if done.problem is not None:
                raise done.problem
            link.heed(done.event)
        except DwcpError:
            if kept is not None:
                self._pool.release(kept)
            raise
        return kept

    async def _take_burst(
        self, link: Link, sink: BlockSink, buffer: bytearray
    ) -> tuple[Received, bytearray | None]:
        done, kept = Received(), False
        try:
            async with self._bursts:
                work = partial(burst, link.channel, link.decoder, sink, buffer, go_on=self._goes_on)
                done = await link.channel.lend(self._threads, work)
            kept = link.decoder.holds_body and done.problem is None and not link.channel.closed
        except DwcpError as problem:
            done.problem = problem
        finally:
            if not kept:
                self._pool.release(buffer)
        for stored in done.stored:
            await self._settle(sink, stored)
        if done.broken is not None:
            self._halt(wrapped(done.broken))
        return done, buffer if kept else None

    def _goes_on(self) -> bool:
        """For threads: whether there is still something to store."""
        return not (self._whole or self._closing or self._stop.done())

    async def _store(self, sink: BlockSink, header: BlockHeader, body: memoryview, buffer: bytearray) -> None:
        try:
            if self._whole:
                return
            stored = await self._disk(sink.store, header, body, executor=self._threads)
            await self._settle(sink, stored)
        except DwcpError as problem:
            if problem.code is not ErrorCode.CLOSED:
                self._halt(problem)
        except Exception as mistake:
            # Its block would be missing for ever, and nobody else looks at this task.
            self._halt(wrapped(mistake))
        finally:
            self._pool.release(buffer)

    async def _settle(self, sink: BlockSink, stored: Stored) -> None:
        """Count what was dealt with, and ask again for what was refused."""
        sink.forget(stored.index)
        self._tally.add(stored.codec, count=stored.count, file=stored.file, wire=stored.wire)
        if stored.refused is not None:
            self._tally.failures += 1
            await self._link.send(Resend(index=stored.index, reason=ResendReason(stored.refused)))
        self._stored_some.set()
        self._stored_more.set()

    async def _store_zeros(self, sink: BlockSink, zeros: Zeros) -> None:
        sink.judge_zeros(zeros)
        if self._whole:
            return
        try:
            stored = await self._disk(sink.store_zeros, zeros, executor=self._threads)
        except DwcpError as problem:
            self._halt(problem)
            raise
        await self._settle(sink, stored)

    async def _sync(self) -> None:
        """Make what was stored durable, and say so: soon after it was written, sooner if it is much."""
        staging = self._staging
        assert staging is not None
        while True:
            await self._stored_some.wait()
            self._stored_some.clear()
            due = self._loop.time() + SYNC_SECONDS
            while staging.unsynced < SYNC_BYTES and staging.missing and self._loop.time() < due:
                await asyncio.sleep(SYNC_SECONDS / 10)
            await self._sync_once(staging)

    async def _sync_once(self, staging: Staging) -> None:
        begin = self._loop.time()
        runs = await self._disk(staging.sync)
        self._sync_seconds += self._loop.time() - begin
        for first in range(0, len(runs), MAX_ENTRIES):
            await self._link.send(Durable(runs=runs[first : first + MAX_ENTRIES]))
        self._count(runs)

    def _count(self, runs: Iterable[Run]) -> None:
        """Blocks that became durable."""
        self._durable += sum(
            min(count * self._wanted.block_size, self._wanted.size - start * self._wanted.block_size)
            for start, count in runs
        )

    async def _report(self) -> None:
        """What this end spends its time on, for the sender's answer to what limits it."""
        before = (self._loop.time(), 0.0, 0.0)
        while True:
            await asyncio.sleep(REPORT)
            self._grow()
            assert self._sink is not None
            stored = self._sink.disk_seconds + self._sync_seconds
            now = (self._loop.time(), stored, self._sink.decode_seconds)
            elapsed, disk, decoding = (after - earlier for after, earlier in zip(now, before, strict=True))
            before = now
            await self._link.send(
                Report(
                    # Threads add to these without a lock, so that a sum may seem to shrink.
                    disk_sink=max(0, int(disk * 1e6)),
                    decode=max(0, int(decoding * 1e6)),
                    idle=int(max(0.0, elapsed - disk - decoding) * 1e6),
                    stored=self._durable,
                )
            )

    async def _close(self) -> None:
        """Wait for the workers, keep what they stored, let go of streams and files."""
        self._closing = True
        for link in list(self._streams.values()):
            link.channel.close()
        while waiting := self._stores | self._working:
            await asyncio.wait(waiting)
        if self._staging is None and self._opening is not None:
            with suppress(DwcpError):
                self._staging = await self._opening
        if self._staging is None:
            return
        staging = self._staging
        try:
            if not staging.published:
                self._count(await self._loop.run_in_executor(None, staging.sync))
        except DwcpError:
            pass
        finally:
            await self._loop.run_in_executor(None, staging.close)
            if self._baseline is not None:
                self._baseline.close()

    def progress(self) -> Progress:
        """Where it stands now."""
        end = self._end
        now = end if end is not None else self._loop.time()
        elapsed = now - self._begin
        return Progress(
            transfer=self._wanted.transfer.hex(),
            name=self._wanted.name,
            peer=self._peer,
            direction="in",
            state=self._state,
            size=self._wanted.size,
            durable=self._durable,
            resumed=self._resumed,
            wire=self._tally.wire,
            elapsed=elapsed,
            rate=(self._durable - self._resumed) / elapsed if elapsed else 0.0,
            streams=len(self._streams),
            most_streams=self._most_streams,
            **self._tally.fields(),
            error=self._error.message if self._error else None,
            code=self._error.code.label if self._error else None,
        )
