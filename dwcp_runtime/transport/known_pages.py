"""The sender's questions about what the receiver already has, asked well before the answers are needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Final

from dwcp_runtime.encoding.asking import Asking
from dwcp_runtime.encoding.pages import fingerprints, is_zero
from dwcp_runtime.transport.block_schedule import BlockSchedule
from dwcp_runtime.transport.frames import Answer, Query
from dwcp_runtime.transport.source import Source

_PATIENCE: Final = 10.0
"""Seconds to wait for an answer before a block goes without references."""


class KnownPages:
    """Asks for blocks in the order in which they will be sent, at most `ahead` before the encoder.

    The scan reads each block once more than sending alone would; the page cache makes that cheap. Memory: one
    block for the scan and an answer of a bit per page for each block ahead.
    """

    def __init__(
        self,
        *,
        ask: Callable[[Query], Awaitable[None]],
        schedule: BlockSchedule,
        source: Source,
        block_size: int,
        threads: Executor,
        ahead: int,
    ) -> None:
        self._ask = ask
        self._schedule = schedule
        self._source = source
        self._block_size = block_size
        self._threads = threads
        self._answers: dict[int, asyncio.Future[bytes | None]] = {}
        self._wanted: set[int] = set()
        self._counted: set[int] = set()
        self._ahead = ahead
        self._room = asyncio.Event()
        self._asked = 0
        self._asking = Asking()

    async def run(self) -> None:
        """Scan the file once, then end. DwcpError when the source cannot be read."""
        loop = asyncio.get_running_loop()
        buffer = memoryview(bytearray(self._block_size))
        for index in range(self._schedule.count):
            while len(self._counted) >= self._ahead:
                self._room.clear()
                await self._room.wait()
            self._asked = index + 1
            if not self._schedule.is_pending(index) and index not in self._wanted:
                continue
            if not self._asking.worthwhile():
                if index in self._answers and not self._answers[index].done():
                    self._answers[index].set_result(None)
                continue
            self._counted.add(index)
            answer = self._answers.setdefault(index, loop.create_future())
            found = await loop.run_in_executor(self._threads, self._scan, index, buffer)
            if found:
                await self._ask(Query(index=index, fingerprints=found))
            elif not answer.done():
                answer.set_result(None)

    def _scan(self, index: int, buffer: memoryview) -> tuple[int, ...]:
        """The fingerprints to ask for: none of a block of zeros, which costs nothing anyway."""
        length = min(self._block_size, self._source.size - index * self._block_size)
        self._source.read(index * self._block_size, buffer[:length])
        if is_zero(buffer[:length]):
            return ()
        return tuple(fingerprints(buffer[:length]).tolist())

    def answered(self, frame: Answer) -> None:
        """The receiver's answer; one that nobody waits for is dropped."""
        self._asking.answered(frame.known)
        waiting = self._answers.get(frame.index)
        if waiting is not None and not waiting.done():
            waiting.set_result(frame.known)

    async def get(self, index: int) -> bytes | None:
        """The answer for a block, once: None if it was not asked for or no answer came in time."""
        waiting = self._answers.get(index)
        if waiting is None:
            if index < self._asked:
                return None
            waiting = self._answers[index] = asyncio.get_running_loop().create_future()
        self._wanted.add(index)
        try:
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.shield(waiting)
        except TimeoutError:
            return None
        finally:
            self._wanted.discard(index)
            self.skip(index)

    def skip(self, index: int) -> None:
        """A block goes without references: its answer is not needed, and the scan may go on."""
        self._answers.pop(index, None)
        self._counted.discard(index)
        self._room.set()
