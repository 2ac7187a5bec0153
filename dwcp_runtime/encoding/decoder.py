"""Restoring a block from its body, which is trusted in nothing."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Protocol

from dwcp_runtime.encoding import zstd_frames
from dwcp_runtime.encoding.block_digest import digest as digest_of
from dwcp_runtime.encoding.encoded import Codec


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


def _zstd(body: memoryview, into: memoryview, prefix: memoryview | None = None) -> None:
    try:
        zstd_frames.decompress_into(body, into, prefix)
    except zstd_frames.BadFrameError as error:
        raise DecodeError(Refusal.UNDECODABLE, str(error)) from None
