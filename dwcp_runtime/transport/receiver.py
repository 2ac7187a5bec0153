"""The receiving end: takes authorised channels, finds out what they are for, and keeps the transfers
apart."""

from __future__ import annotations

import asyncio
import hmac
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from dwcp_runtime.encoding.inventory import DEFAULT_MAX_PAGES, Inventory
from dwcp_runtime.transport.capabilities import Offer
from dwcp_runtime.transport.channel import Channel
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.first_problem import wrapped
from dwcp_runtime.transport.frame_decoder import FrameArrived
from dwcp_runtime.transport.frames import Attach, Drain, Open
from dwcp_runtime.transport.incoming import WORKING, Incoming
from dwcp_runtime.transport.lane import Lane
from dwcp_runtime.transport.limits import DEFAULT_BLOCK
from dwcp_runtime.transport.link import GREETING_TIMEOUT, Link, greet
from dwcp_runtime.transport.memory_budget import MemoryBudget
from dwcp_runtime.transport.progress import Progress
from dwcp_runtime.transport.target_name import RESERVED

TRANSFERS: Final = 64
"""Transfers that one receiver runs at a time; more are told to come back."""

_REMEMBERED: Final = 256


class Receiver:
    """Stores what senders send below `folder`. `heard` is called with the progress of each transfer that
    ends. `streams`: what a transfer that begins may have at most; may be changed at any time.

    Memory: the buffers of all transfers together take no more than one block for each of `streams` and what
    the workers of one transfer have in hand, of `DEFAULT_BLOCK` bytes; each worker thread has one more. There
    are at most `TRANSFERS` transfers.
    """

    def __init__(
        self,
        folder: Path,
        *,
        offer: Offer | None = None,
        streams: int = 512,
        heard: Callable[[Progress], None] = lambda progress: None,
        max_pages: int = DEFAULT_MAX_PAGES,
    ) -> None:
        self._folder = folder
        self._offer = offer or Offer()
        self.streams = streams
        self._heard = heard
        self._running: dict[bytes, Incoming] = {}
        self._ended: deque[Progress] = deque(maxlen=_REMEMBERED)
        self._draining = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._threads = ThreadPoolExecutor(
            max_workers=(os.cpu_count() or 1) + 2, thread_name_prefix="receive"
        )
        self._budget = MemoryBudget(lambda: (self.streams + WORKING) * DEFAULT_BLOCK, transfers=TRANSFERS)
        self._scratch = threading.local()
        # Beside them the other threads store what comes by other streams.
        self._bursts = asyncio.Semaphore(os.cpu_count() or 1)
        self._inventory: Inventory | None = None
        self._max_pages = max_pages
        self._unindexed: asyncio.Queue[Path] = asyncio.Queue()
        self._closed = False
        self._indexing = asyncio.get_running_loop().create_task(self._index())

    def progress(self) -> Sequence[Progress]:
        """Running transfers, then the latest that ended."""
        return [incoming.progress() for incoming in self._running.values()] + list(self._ended)

    async def serve(
        self, channel: Channel, peer: str, *, welcomed: Callable[[], None] = lambda: None
    ) -> None:
        """One connection to its end. `welcomed` is called when the peer has said what it wants. Raises the
        DwcpError that ended it, after the peer was told."""
        link: Link | None = None
        try:
            agreement = await greet(channel, self._offer, initiator=False)
            link = Link(channel, agreement, Lane.UNDECIDED)
            await self._dispatch(link, peer, welcomed)
            await channel.shut()
        except Exception as failure:
            problem = wrapped(failure)
            if link is not None:
                await link.fail(problem)
            raise problem from problem.__cause__
        finally:
            channel.close()

    async def refuse(self, channel: Channel, problem: DwcpError) -> None:
        """Tell a peer that may not come in why, in the protocol's words, and nothing else."""
        with suppress(DwcpError):
            await greet(channel, self._offer, initiator=False, refusal=problem)
        await channel.shut()

    async def _dispatch(self, link: Link, peer: str, welcomed: Callable[[], None]) -> None:
        try:
            async with asyncio.timeout(GREETING_TIMEOUT):
                event = await link.receive()
        except TimeoutError as problem:
            raise DwcpError(ErrorCode.TIMEOUT, "neither OPEN nor ATTACH came after HELLO") from problem
        if event is None:
            return
        welcomed()
        match event:
            case FrameArrived(frame=Open() as wanted):
                await self._open(link, wanted, peer)
            case FrameArrived(stream=number, frame=Attach() as attach):
                link.stream = number
                await self._attach(link, attach)
            case _:
                raise DwcpError(ErrorCode.MALFORMED, "the first frame after HELLO is OPEN or ATTACH")

    async def _open(self, link: Link, wanted: Open, peer: str) -> None:
        if self._draining:
            await link.send(Drain())
            return
        if (old := self._running.get(wanted.transfer)) is not None:
            # The same sender again: its old connection is dead, only this side has not noticed.
            old.supersede()
            await old.ended.wait()
        if len(self._running) >= TRANSFERS:
            raise DwcpError(
                ErrorCode.LIMIT, f"{TRANSFERS} transfers are running; come back later", retryable=True
            )
        share = self._budget.join(wanted.block_size)
        if share is None:
            raise DwcpError(
                ErrorCode.LIMIT, "running transfers have all the memory; come back later", retryable=True
            )
        incoming = Incoming(
            self._folder,
            link,
            wanted,
            peer=peer,
            streams=self.streams,
            threads=self._threads,
            share=share,
            scratch=self._scratch,
            bursts=self._bursts,
            inventory=self._inventory,
        )
        self._running[wanted.transfer] = incoming
        self._idle.clear()
        try:
            await incoming.run()
        finally:
            if self._running.get(wanted.transfer) is incoming:
                del self._running[wanted.transfer]
            if incoming.published is not None:
                self._unindexed.put_nowait(incoming.published)
            final = incoming.progress()
            self._ended.append(final)
            self._heard(final)
            if not self._running:
                self._idle.set()

    async def _attach(self, link: Link, attach: Attach) -> None:
        incoming = self._running.get(attach.transfer)
        if incoming is None or not hmac.compare_digest(incoming.token, attach.token):
            raise DwcpError(ErrorCode.UNKNOWN_TRANSFER, "no transfer with this id and token is running here")
        await incoming.stream(link)

    def drain(self) -> None:
        """Begin nothing new; what runs goes on to its end."""
        self._draining = True

    async def wait_idle(self) -> None:
        """Until no transfer runs."""
        await self._idle.wait()

    async def interrupt(self) -> None:
        """Tell the senders of what still runs to come back later, and keep what they sent."""
        for incoming in list(self._running.values()):
            await incoming.interrupt()
        await self._idle.wait()

    async def _index(self) -> None:
        """Know the images that are there, then every one that comes. One at a time, beside the transfers: an
        image that is not known yet costs bytes, never correctness. What is left at the end is found to be
        missing at the next start."""
        loop = asyncio.get_running_loop()
        state = self._folder / RESERVED / "inventory"
        self._inventory = await loop.run_in_executor(
            None, partial(Inventory, self._folder, state, max_pages=self._max_pages)
        )
        for path in await loop.run_in_executor(None, self._inventory.missing):
            self._unindexed.put_nowait(path)
        while True:
            path = await self._unindexed.get()
            with suppress(OSError):
                await loop.run_in_executor(None, partial(self._inventory.add, path, heard=self._go_on))

    def _go_on(self, read: int) -> None:
        """Called while an image is read: reading a large one must not hold up the end of the process."""
        if self._closed:
            raise InterruptedError(f"closed after {read} bytes of an image were read")

    def close(self) -> None:
        """Let the worker threads go, also the one that reads an image to know its pages."""
        self._closed = True
        self._indexing.cancel()
        self._threads.shutdown(wait=False)
