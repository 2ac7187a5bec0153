"""What a block and a whole file are compared by: BLAKE3, truncated for a block, in full for the root."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final, TypeAlias

from blake3 import blake3

Bytes: TypeAlias = bytes | bytearray | memoryview

DIGEST_BYTES: Final = 16
"""Bytes of a block's digest: 128 bits, so that no two blocks of a fleet's images meet by chance."""

ROOT_BYTES: Final = 32
"""Bytes of a root."""

_ROOT_HEADER = struct.Struct(">QI")


def digest(data: Bytes) -> bytes:
    """The first 16 bytes of the BLAKE3 of `data`, a block's decoded content."""
    return blake3(data).digest(DIGEST_BYTES)


@lru_cache(maxsize=64)
def zero_digest(length: int) -> bytes:
    """The digest of `length` bytes of zeros; remembered, since a file has at most two block lengths."""
    return digest(bytes(length))


def root(size: int, block_size: int, digests: Bytes) -> bytes:
    """The 32 bytes that stand for a whole file: BLAKE3 of `size u64 || block_size u32 || digests`
    (big-endian).

    `digests` holds the 16-byte digests of all blocks in order. Raises ValueError when their number does not
    fit `size` and `block_size`.
    """
    expected = -(-size // block_size) * DIGEST_BYTES
    found = memoryview(digests).nbytes
    if found != expected:
        raise ValueError(
            f"a file of {size} bytes in blocks of {block_size} has {expected} bytes of digests, not {found}"
        )
    return blake3(_ROOT_HEADER.pack(size, block_size)).update(digests).digest(ROOT_BYTES)
