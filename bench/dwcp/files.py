"""Files that nothing can make smaller, files that anything can, and whether two files are the same."""

from __future__ import annotations

import contextlib
import functools
import os
from pathlib import Path
from typing import Final

import blake3
import numpy

_PIECE: Final = 16 << 20
_WORDS: Final = 50_000


def write_random(path: Path, size: int, *, seed: int = 1) -> None:
    """`size` bytes that don't compress, the same for the same seed (PCG64)."""
    generator = numpy.random.default_rng(seed)
    with path.open("wb") as file:
        for start in range(0, size, _PIECE):
            file.write(generator.bytes(min(_PIECE, size - start)))


def write_text(path: Path, size: int, *, seed: int = 1) -> None:
    """`size` bytes of words, the same for the same seed, which zstd makes three times smaller. They repeat
    after 16 MiB, further apart than a block is long."""
    generator = numpy.random.default_rng(seed)
    letters = numpy.frombuffer(b"abcdefghijklmnopqrstuvwxyz", dtype=numpy.uint8)
    words = [bytes(generator.choice(letters, length)) for length in generator.integers(2, 12, _WORDS)]
    # Few words are frequent and many are rare, as in languages.
    picked = generator.zipf(1.2, _PIECE // 3) % _WORDS
    piece = b" ".join(map(words.__getitem__, picked.tolist()))[:_PIECE]
    with path.open("wb") as file:
        for start in range(0, size, _PIECE):
            file.write(piece[: size - start])


def same(one: Path, other: Path) -> bool:
    """Whether both are there with the same content, by BLAKE3."""
    with contextlib.suppress(FileNotFoundError):
        return one.stat().st_size == other.stat().st_size and digest(one) == digest(other)
    return False


def digest(path: Path) -> bytes:
    """BLAKE3 of the content; a file that hasn't changed is read once."""
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns, status.st_ino)


def bytes_to_disk(path: Path) -> None:
    """Have a file on its disk, so that writing it back doesn't meet the runs that read it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@functools.lru_cache(maxsize=64)
def _digest(path: Path, _size: int, _modified: int, _inode: int) -> bytes:
    return blake3.blake3(max_threads=blake3.blake3.AUTO).update_mmap(path).digest()
