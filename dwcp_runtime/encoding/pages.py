"""Pages: the 4 KiB grain at which equal content is found again, at whatever offset it lies."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import xxhash

PAGE: Final = 4096
"""Bytes of a page: the block size of the file systems inside images, to which moved files stay aligned."""

Fingerprints = npt.NDArray[np.uint64]

_WORDS = PAGE // 8
_ZERO_PAGE = bytes(PAGE)
_ZEROS = memoryview(bytes(16 * PAGE))


def page_count(length: int) -> int:
    """How many full pages `length` bytes hold. A tail shorter than a page is never referenced."""
    return length // PAGE


def fingerprints(block: memoryview) -> Fingerprints:
    """The XXH3-64 of each full page of `block` (any length, a flat view of bytes), in order.

    A fingerprint finds candidates only: whoever uses one compares the bytes or a digest.
    """
    count = len(block) // PAGE
    hashed = xxhash.xxh3_64_intdigest
    return np.fromiter(
        (hashed(block[start : start + PAGE]) for start in range(0, count * PAGE, PAGE)), np.uint64, count
    )


def zero_pages(block: memoryview) -> npt.NDArray[np.bool_]:
    """For each full page of `block`, whether every byte of it is zero."""
    count = len(block) // PAGE
    words = np.frombuffer(block, np.uint64, count * _WORDS).reshape(count, _WORDS)
    zero: npt.NDArray[np.bool_] = words[:, 0] == 0
    # Most pages differ from zero in their first word: only the others are read as a whole.
    candidates = np.flatnonzero(zero)
    if candidates.size:
        zero[candidates] = ~words[candidates].any(axis=1)
    return zero


def is_zero(block: memoryview) -> bool:
    """Whether every byte of `block` is zero. Costs next to nothing for a block that begins otherwise."""
    if block[:PAGE] != _ZERO_PAGE[: len(block)]:
        return False
    for start in range(0, len(block), _ZEROS.nbytes):
        piece = block[start : start + _ZEROS.nbytes]
        if piece != _ZEROS[: len(piece)]:
            return False
    return True


ZERO_FINGERPRINT: Final = xxhash.xxh3_64_intdigest(_ZERO_PAGE)
"""The fingerprint of a page of zeros, which is never stored and never asked for."""
