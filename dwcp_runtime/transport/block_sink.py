"""What a worker thread does with a block that has arrived: judge its header, verify, decode, write."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from dwcp_runtime.encoding.baseline import BaselineFile
from dwcp_runtime.encoding.block_digest import digest
from dwcp_runtime.encoding.decoder import DecodeError, Refusal, decode
from dwcp_runtime.encoding.inventory import Inventory, Locations
from dwcp_runtime.encoding.pages import PAGE
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frames import BlockHeader, Zeros
from dwcp_runtime.transport.frames import Codec as WireCodec
from dwcp_runtime.transport.limits import BLOCK_HEADER, HEADER
from dwcp_runtime.transport.staging import Staging

MAX_ANSWERED: Final = 1 << 16
"""Pages whose places are remembered until their block comes, 16 bytes of memory each: those of 256 MiB, as
far as a sender asks ahead. Of one that asks further the oldest are forgotten, which costs it references."""

_ZEROS: Final = HEADER + 16
"""Bytes of a ZEROS frame."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """`count` blocks from `index` on that were dealt with: `codec` is the label of their form, `file` and
    `wire` their bytes of both. `refused` says why the block must come again."""

    index: int
    count: int
    codec: str
    file: int
    wire: int
    refused: Refusal | None = None


class BlockSink:
    """The way of blocks into a stage. `decode_seconds` and `disk_seconds` add up what the threads spend.

    `judge` and `judge_zeros` are quick and for any thread; `store` and `store_zeros` belong in a worker
    thread, several at once. `remember` and `forget` are the event loop's.
    """

    def __init__(
        self,
        staging: Staging,
        *,
        scratch: threading.local,
        inventory: Inventory | None,
        baseline: BaselineFile | None,
    ) -> None:
        self.decode_seconds = 0.0
        self.disk_seconds = 0.0
        self._staging = staging
        self._wanted = staging.wanted
        self._scratch = scratch
        self._inventory = inventory
        self._baseline = baseline
        self._answers: OrderedDict[int, Locations] = OrderedDict()

    def judge(self, header: BlockHeader) -> None:
        """DwcpError `malformed` when the file has no such block."""
        if header.index >= self._wanted.blocks:
            raise DwcpError(
                ErrorCode.MALFORMED, f"block {header.index} of a file of {self._wanted.blocks} blocks"
            )
        if header.raw_length != self._staging.length(header.index):
            raise DwcpError(
                ErrorCode.MALFORMED,
                f"block {header.index} of {header.raw_length} bytes, "
                f"which has {self._staging.length(header.index)}",
            )

    def judge_zeros(self, zeros: Zeros) -> None:
        """DwcpError `malformed` when the file ends before."""
        if zeros.start + zeros.count > self._wanted.blocks:
            raise DwcpError(
                ErrorCode.MALFORMED, f"zeros up to block {zeros.start + zeros.count} of {self._wanted.blocks}"
            )

    def store(self, header: BlockHeader, body: memoryview) -> Stored:
        """Verify, decode, write. DwcpError `no-space` or `io`."""
        begin = time.perf_counter()
        refused: Refusal | None = None
        content = body
        try:
            if header.codec is not WireCodec.RAW:
                content = self._scratch_of(header.raw_length)
                decode(
                    header.codec,
                    body,
                    header.raw_length,
                    content,
                    digest=header.digest,
                    offset=header.index * self._wanted.block_size,
                    baseline=self._baseline,
                    resolve_known=self._resolver(header.index),
                )
            elif digest(body) != header.digest:
                refused = Refusal.DIGEST_MISMATCH
        except DecodeError as problem:
            refused = problem.reason
        middle = time.perf_counter()
        self.decode_seconds += middle - begin
        if refused is None:
            self._staging.store(header.index, content, header.digest)
            self.disk_seconds += time.perf_counter() - middle
        return Stored(
            index=header.index,
            count=1,
            codec=header.codec.name.lower(),
            file=header.raw_length,
            wire=HEADER + BLOCK_HEADER + len(body),
            refused=refused,
        )

    def store_zeros(self, zeros: Zeros) -> Stored:
        """Note a run of zeros, and write it where something else was. DwcpError `no-space` or `io`."""
        self._staging.store_zeros(zeros.start, zeros.count)
        wanted = self._wanted
        size = min(wanted.size - zeros.start * wanted.block_size, zeros.count * wanted.block_size)
        return Stored(index=zeros.start, count=zeros.count, codec="zero", file=size, wire=_ZEROS)

    def remember(self, index: int, places: Locations) -> None:
        """Where the pages lie that the sender was told are known, until their block has come."""
        self._answers[index] = places
        pages = -(-self._wanted.block_size // PAGE)
        while len(self._answers) * pages > MAX_ANSWERED:
            self._answers.popitem(last=False)

    def forget(self, index: int) -> None:
        """The block has come."""
        self._answers.pop(index, None)

    def _resolver(self, index: int) -> Callable[[int, memoryview], bool] | None:
        places = self._answers.get(index)
        if places is None or self._inventory is None:
            return None
        return partial(self._inventory.read, places)

    def _scratch_of(self, length: int) -> memoryview:
        if len(getattr(self._scratch, "buffer", b"")) < length:
            self._scratch.buffer = memoryview(bytearray(self._wanted.block_size))
        view: memoryview = self._scratch.buffer[:length]
        return view
