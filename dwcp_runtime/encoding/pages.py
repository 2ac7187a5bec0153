"""Pages: the 4 KiB grain at which equal content is found again, at whatever offset it lies.

numpy is imported where it is first used: a sender whose receiver knows no page never needs it, and its import
takes longer than the rest of starting a sender.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import xxhash

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Fingerprints = npt.NDArray[np.uint64]

PAGE: Final = 4096
"""Bytes of a page: the block size of the file systems inside images, to which moved files stay aligned."""

_WORD = 8
_WORDS = PAGE // _WORD


def page_count(length: int) -> int:
    """How many full pages `length` bytes hold. A tail shorter than a page is never referenced."""
    return length // PAGE


def fingerprints(block: memoryview) -> Fingerprints:
    """The XXH3-64 of each full page of `block` (any length, a flat view of bytes), in order.

    A fingerprint finds candidates only: whoever uses one compares the bytes or a digest.
    """
    import numpy as np

    count = len(block) // PAGE
    hashed = xxhash.xxh3_64_intdigest
    return np.array(
        [hashed(block[start : start + PAGE]) for start in range(0, count * PAGE, PAGE)], np.uint64
    )


def zero_pages(block: memoryview) -> npt.NDArray[np.bool_]:
    """For each full page of `block`, whether every byte of it is zero."""
    import numpy as np

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
    if any(block[:_WORD]):
        return False
    import numpy as np

    whole = len(block) // _WORD
    return not np.frombuffer(block, np.uint64, whole).any() and not any(block[whole * _WORD :])


ZERO_FINGERPRINT: Final = xxhash.xxh3_64_intdigest(bytes(PAGE))
"""The fingerprint of a page of zeros, which is never stored and never asked for."""
