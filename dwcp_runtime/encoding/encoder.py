"""The cheapest form of a block, chosen by trying in an order that stops early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwcp_runtime.encoding import zstd_frames
from dwcp_runtime.encoding.block_digest import digest as digest_of
from dwcp_runtime.encoding.block_digest import zero_digest
from dwcp_runtime.encoding.encoded import Codec, Encoded
from dwcp_runtime.encoding.pages import Fingerprints, is_zero

if TYPE_CHECKING:
    from dwcp_runtime.encoding.baseline import Baseline

_SAMPLES = 4
_SAMPLE_BYTES = 4096
_WORTH = 0.97
"""A compressed form is sent when it is smaller than this share of the block: less saves no time."""


class BlockEncoder:
    """Encodes blocks with what both peers speak. Safe to call from several threads at once."""

    def __init__(
        self, *, zstd: bool = True, prefix: bool = True, references: bool = True, sparse: bool = True
    ) -> None:
        self._zstd = zstd
        self._prefix = prefix
        self._references = references
        self._sparse = sparse

    def encode(
        self,
        raw: memoryview,
        *,
        offset: int,
        level: int | None,
        known: bytes | memoryview | None = None,
        fingerprints: Fingerprints | None = None,
        baseline: Baseline | None = None,
    ) -> Encoded:
        """The block `raw` that begins at `offset` bytes of the file, in its cheapest form:
        never longer than raw.

        `level` is the zstd level, None to send it raw with nothing tried but whether it is all zeros. `known`
        is the receiver's answer for this block: bit `i`, lowest bit of a byte first, says that it has page
        `i`. `fingerprints` are those of the block's pages where the caller has them already. `baseline` is
        one that the receiver has too. Parts of the result may be views of `raw`.
        """
        if is_zero(raw):
            digest = zero_digest(len(raw))
            if self._sparse:
                return Encoded(codec=Codec.ZERO, raw_length=len(raw), digest=digest, parts=())
        else:
            digest = digest_of(raw)
        if level is not None and self._zstd and not _looks_random(raw):
            body = zstd_frames.compress(raw, level)
            if len(body) < len(raw) * _WORTH:
                return Encoded(codec=Codec.ZSTD, raw_length=len(raw), digest=digest, parts=(body,))
        return Encoded(codec=Codec.RAW, raw_length=len(raw), digest=digest, parts=(raw,))


def _looks_random(raw: memoryview) -> bool:
    """Whether a few samples, compressed together at the fastest level, gain nothing."""
    if len(raw) <= _SAMPLES * _SAMPLE_BYTES:
        return False
    step = len(raw) // _SAMPLES
    sample = b"".join(raw[start : start + _SAMPLE_BYTES] for start in range(0, step * _SAMPLES, step))
    return len(zstd_frames.compress(sample, 1)) >= len(sample) * _WORTH
