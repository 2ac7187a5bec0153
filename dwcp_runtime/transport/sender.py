"""Sending one file: sessions follow each other until the receiver has published it.

When the control connection is lost its session ends, and the next one begins with what the receiver then has.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from dwcp_runtime.transport.backoff import Backoff
from dwcp_runtime.transport.block_tally import BlockTally
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.first_problem import wrapped
from dwcp_runtime.transport.limits import MAX_STREAMS
from dwcp_runtime.transport.progress import Progress, State
from dwcp_runtime.transport.send_book import SendBook
from dwcp_runtime.transport.send_request import SendRequest
from dwcp_runtime.transport.send_session import Dial, SendSession
from dwcp_runtime.transport.send_steering import SendSteering
from dwcp_runtime.transport.source import Source
from dwcp_runtime.transport.target_name import components

if TYPE_CHECKING:
    from dwcp_runtime.encoding.baseline import Baseline


class Sender:
    """One file to one peer. `run` may be called once. `room` and `wants` tie it to the streams of an
    agent."""

    def __init__(
        self,
        request: SendRequest,
        *,
        dial: Dial,
        room: Callable[[], int] = lambda: MAX_STREAMS,
        wants: Callable[[int], None] = lambda streams: None,
    ) -> None:
        self._request = request
        self._dial = dial
        self._state = State.CONNECTING
        self.error: DwcpError | None = None
        self._book: SendBook | None = None
        self._session: SendSession | None = None
        self._steering = SendSteering(request, room=room, wants=wants)
        self._begin = 0.0
        self._end: float | None = None
        self._transfer = b""
        self._cancelled = False
        self._trouble: DwcpError | None = None

    async def run(self) -> Progress:
        """To the end. The outcome is in `state`, `code` and `error` of the progress; raises CancelledError
        only."""
        loop = asyncio.get_running_loop()
        self._begin = loop.time()
        try:
            await self._run()
            self._state = State.DONE
        except DwcpError as problem:
            ours = self._cancelled and problem.code is ErrorCode.CANCELLED
            self._state, self.error = State.CANCELLED if ours else State.FAILED, problem
        except asyncio.CancelledError:
            self._state = State.CANCELLED
            raise
        except Exception as mistake:
            self._state, self.error = State.FAILED, wrapped(mistake)
        finally:
            self._end = loop.time()
        return self.progress()

    def cancel(self) -> None:
        """End, and have the receiver drop what it has. Repeatable; `run` returns soon after. To stop so that
        the same request can go on later, cancel the task of `run` instead."""
        self._cancelled = True
        if self._session is not None:
            self._session.cancel()

    async def _run(self) -> None:
        components(self._request.name)
        loop = asyncio.get_running_loop()
        threads = ThreadPoolExecutor(max_workers=2 * (os.cpu_count() or 1) + 2, thread_name_prefix="send")
        try:
            source = await loop.run_in_executor(threads, Source, self._request.path)
            try:
                await self._send(source, threads)
            finally:
                # A worker may still read into its buffer.
                await asyncio.shield(loop.run_in_executor(None, threads.shutdown))
                source.close()
        finally:
            threads.shutdown(wait=False)

    async def _send(self, source: Source, threads: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        self._book = book = SendBook(size=source.size, block_size=self._request.block_size)
        self._transfer = source.transfer_id(self._request.name, book.block_size)
        baseline = None
        if self._request.baseline is not None:
            baseline = await loop.run_in_executor(threads, self._open_baseline, self._request.baseline)
        backoff = Backoff(patience=self._request.patience, since=loop.time())
        while True:
            self._session = SendSession(
                self._request,
                source=source,
                book=book,
                threads=threads,
                dial=self._dial,
                steering=self._steering,
                baseline=baseline,
            )
            if self._cancelled:
                raise DwcpError(ErrorCode.CANCELLED, "the transfer was cancelled here")
            self._state = State.RUNNING
            before = book.durable
            try:
                return await self._session.run()
            except DwcpError as failure:
                if not failure.retryable:
                    raise
                problem = failure
            now = loop.time()
            if book.durable > before:
                backoff = backoff.progressed(now)
            backoff, pause = backoff.failed(now)
            if pause is None:
                raise problem
            self._state, self._trouble = State.CONNECTING, problem
            await asyncio.sleep(pause)

    @staticmethod
    def _open_baseline(path: Path) -> Baseline:
        from dwcp_runtime.encoding.baseline import Baseline

        try:
            return Baseline(path)
        except OSError as problem:
            raise DwcpError(
                ErrorCode.IO, f"cannot read the baseline {path}: {problem.strerror or problem}"
            ) from problem

    def progress(self) -> Progress:
        """Where it stands now."""
        book, session, steering = self._book, self._session, self._steering
        problem = self.error or (self._trouble if self._state is State.CONNECTING else None)
        end = self._end
        now = end if end is not None else asyncio.get_running_loop().time()
        return Progress(
            transfer=self._transfer.hex(),
            name=self._request.name,
            peer=self._request.peer,
            direction="out",
            state=self._state,
            size=book.size if book else 0,
            durable=book.durable if book else 0,
            resumed=book.resumed if book else 0,
            wire=book.tally.wire if book else 0,
            resent=book.resent if book else 0,
            duplicated=book.duplicated if book else 0,
            elapsed=now - self._begin,
            rate=(book.durable - book.resumed) / (end - self._begin) if book and end else steering.rate,
            streams=len(session.streams) if session else 0,
            most_streams=steering.most_streams,
            rtt=steering.rtt,
            retransmits=steering.retransmits,
            congestion=steering.congestion,
            limit=steering.limit,
            limited={limit.value: round(spent, 3) for limit, spent in steering.limited.seconds.items()},
            level=steering.level,
            error=problem.message if problem else None,
            code=problem.code.label if problem else None,
            **(book.tally if book else BlockTally()).fields(),
        )
