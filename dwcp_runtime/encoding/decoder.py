"""Restoring a block from its body, which is trusted in nothing."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Protocol

from dwcp_runtime.encoding import page_operations, zstd_frames
from dwcp_runtime.encoding.block_digest import digest as digest_of
from dwcp_runtime.encoding.encoded import Codec
from dwcp_runtime.encoding.page_operations import BadOperationsError, Literals, Operation, PageBody
from dwcp_runtime.encoding.pages import PAGE


class Refusal(IntEnum):
    """Why a block could not be restored. The numbers are the reasons of a RESEND."""

    DIGEST_MISMATCH = 1
    UNKNOWN_REFERENCE = 2
    NO_BASELINE = 3
    UNDECODABLE = 4


class DecodeError(ValueError):
    """A body that gives no block, or another block than its digest says. The buffer's content is undefined;
    sent again without references, the block can be restored."""

    def __init__(self, reason: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class BaselineReader(Protocol):
    """What the decoder asks of the receiver's copy of the baseline."""

    @property
    def size(self) -> int:
        """Bytes of the baseline."""

    def read_into(self, offset: int, into: memoryview) -> bool:
        """Fill `into` from `offset`; False when the file no longer gives all of it."""


ResolveKnown = Callable[[int, memoryview], bool]
"""`(first_page, into)`: fill `into` with pages of the block from `first_page` on, out of the places that were
remembered when QUERY was answered for this block; False when one of them is not to be had any more."""


def decode(
    codec: int,
    body: bytes | memoryview,
    raw_length: int,
    into: memoryview,
    *,
    digest: bytes,
    offset: int,
    baseline: BaselineReader | None = None,
    resolve_known: ResolveKnown | None = None,
) -> None:
    """Restore a block into `into` (whose length must be `raw_length`) and verify it against `digest`.

    `offset` is where the block begins in the file, in bytes; a prefix is the baseline's bytes of the same
    range. Raises DecodeError with the reason to give in RESEND. Safe to call from several threads at once.
    """
    if len(into) != raw_length:
        raise DecodeError(Refusal.UNDECODABLE, f"a block of {raw_length} bytes for a buffer of {len(into)}")
    body = memoryview(body)
    if codec == Codec.RAW:
        _raw(body, into)
    elif codec == Codec.ZSTD:
        _zstd(body, into)
    elif codec == Codec.PREFIX:
        _prefixed(body, into, offset, baseline)
    elif codec == Codec.PAGES:
        _paged(body, into, offset, baseline, resolve_known)
    else:
        raise DecodeError(Refusal.UNDECODABLE, f"codec {codec} is none of those of a block")
    if digest_of(into) != digest:
        raise DecodeError(
            Refusal.DIGEST_MISMATCH, "the restored block has another digest than the one sent with it"
        )


def _raw(body: memoryview, into: memoryview) -> None:
    if len(body) != len(into):
        raise DecodeError(Refusal.UNDECODABLE, f"a raw body of {len(body)} bytes for a block of {len(into)}")
    into[:] = body


def _zstd(body: memoryview, into: memoryview, prefix: bytes | None = None) -> None:
    try:
        zstd_frames.decompress_into(body, into, prefix)
    except zstd_frames.BadFrameError as error:
        raise DecodeError(Refusal.UNDECODABLE, str(error)) from None


def _prefixed(body: memoryview, into: memoryview, offset: int, baseline: BaselineReader | None) -> None:
    if baseline is None:
        raise DecodeError(Refusal.NO_BASELINE, "a delta to a baseline that is not here")
    length = min(len(into), baseline.size - offset)
    if length <= 0:
        raise DecodeError(Refusal.NO_BASELINE, f"a delta to a baseline that ends before byte {offset}")
    _zstd(body, into, _from_baseline(baseline, [(offset, length)]))


def _paged(
    body: memoryview,
    into: memoryview,
    offset: int,
    baseline: BaselineReader | None,
    resolve_known: ResolveKnown | None,
) -> None:
    try:
        paged = page_operations.unpack(body, len(into), offset // PAGE)
        literals = _literals(paged, into, baseline)
    except BadOperationsError as error:
        raise DecodeError(Refusal.UNDECODABLE, str(error)) from None
    at = 0
    for step in paged.steps:
        target = into[at : at + step.count * PAGE]
        if step.operation is Operation.LITERAL:
            target[:] = literals[: len(target)]
            literals = literals[len(target) :]
        elif step.operation is Operation.ZERO:
            target[:] = bytes(len(target))
        elif step.operation is Operation.BASELINE:
            if baseline is None:
                raise DecodeError(Refusal.NO_BASELINE, "a page of a baseline that is not here")
            if not baseline.read_into(step.cursor * PAGE, target):
                raise DecodeError(
                    Refusal.UNKNOWN_REFERENCE,
                    f"{step.count} pages from page {step.cursor} of a baseline of {baseline.size} bytes",
                )
        elif resolve_known is None or not resolve_known(at // PAGE, target):
            raise DecodeError(
                Refusal.UNKNOWN_REFERENCE,
                f"{step.count} pages from page {at // PAGE} of the block are not known here",
            )
        at += len(target)
    into[at:] = literals


def _literals(paged: PageBody, into: memoryview, baseline: BaselineReader | None) -> memoryview:
    """The literal pages and the rest of the block, in order."""
    count = sum(step.count for step in paged.steps if step.operation is Operation.LITERAL)
    length = count * PAGE + len(into) % PAGE
    if paged.literals is Literals.RAW:
        if len(paged.content) != length:
            raise BadOperationsError(f"{len(paged.content)} bytes of literals where {length} are due")
        return memoryview(paged.content)
    prefix = None
    if paged.literals is Literals.SHADOW:
        if baseline is None:
            raise DecodeError(Refusal.NO_BASELINE, "a delta to a baseline that is not here")
        limit = page_operations.shadow_limit(len(into))
        ranges = page_operations.shadow(paged.steps, paged.before, paged.after, baseline.size, limit)
        prefix = _from_baseline(baseline, ranges)
    literals = memoryview(bytearray(length))
    _zstd(memoryview(paged.content), literals, prefix)
    return literals


def _from_baseline(baseline: BaselineReader, ranges: list[tuple[int, int]]) -> bytes:
    content = bytearray(sum(length for _, length in ranges))
    view = memoryview(content)
    for offset, length in ranges:
        if not baseline.read_into(offset, view[:length]):
            raise DecodeError(Refusal.NO_BASELINE, f"the baseline no longer gives {length} bytes at {offset}")
        view = view[length:]
    return bytes(content)
