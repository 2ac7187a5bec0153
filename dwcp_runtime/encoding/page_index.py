"""Where each page of one file lies, found by its fingerprint; kept in a small file beside the images.

The index of a file takes 12 bytes for each different page that is not zero (0.3% of the file). It says of
which version of the file it was made (size, modification time, inode), so that an outdated one is noticed by
a single `stat`, and carries a checksum, so that a damaged one is noticed on load.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import xxhash

from dwcp_runtime.encoding.block_digest import digest, root, zero_digest
from dwcp_runtime.encoding.pages import PAGE, ZERO_FINGERPRINT, fingerprints, is_zero

if TYPE_CHECKING:
    from dwcp_runtime.encoding.pages import Fingerprints

ROOT_BLOCK: Final = 1 << 20
"""Block size in bytes of the root that names a baseline, whatever block size a transfer uses."""

NOWHERE: Final = -1
"""The page number that stands for "not in this file"."""

PageNumbers = npt.NDArray[np.int64]

_MAGIC = b"DWCPIDX1"
_HEADER = struct.Struct(">8sQQQ32sQH")
_CHECKSUM = struct.Struct(">Q")
MAX_PAGES: Final = 1 << 32
"""Pages of a file whose numbers an index can hold."""

_PORTION: Final = 1 << 18
"""Pages that are sorted at a time, as far as their fingerprints are spread evenly: in 12 MiB."""


class IndexDamagedError(ValueError):
    """An index file that is cut, altered or of another format. The index has to be built again."""


class SourceChangedError(OSError):
    """A file that was changed while it was read for its index."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """Which state of a file something was made of. `size` in bytes, `mtime_ns` in nanoseconds."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Version:
        """The version that a `stat` shows."""
        return cls(size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)


@dataclass(frozen=True, kw_only=True)
class PageIndex:
    """The pages of one version of a file. `hashes` are sorted and different from each other; `places[i]` is
    the number of the first page with the fingerprint `hashes[i]`. Pages of zeros are left out. `root` is that
    of the file in blocks of ROOT_BLOCK."""

    version: Version
    root: bytes
    hashes: Fingerprints
    places: npt.NDArray[np.uint32]

    def find(self, wanted: Fingerprints) -> PageNumbers:
        """For each fingerprint the number of a page that has it, or NOWHERE."""
        if not self.hashes.size:
            return np.full(len(wanted), NOWHERE, np.int64)
        at = np.searchsorted(self.hashes, wanted)
        at[at == self.hashes.size] = 0
        return np.where(self.hashes[at] == wanted, self.places[at].astype(np.int64), NOWHERE)


def index_of(
    version: Version,
    in_order: Fingerprints,
    root_digest: bytes,
    *,
    numbers: npt.NDArray[np.uint32] | None = None,
) -> PageIndex:
    """The index of a file whose full pages have the fingerprints `in_order`; with `numbers`, which of its
    pages they are, if not all from the first one on.

    Memory: 32 bytes a page, and what sorting takes of a portion."""
    portions = max(1, -(-len(in_order) // _PORTION))
    edges = [(number << 64) // portions for number in range(portions + 1)]
    hashes, places = [], []
    for low, high in pairwise(edges):
        inside = (in_order >= np.uint64(low)) & (in_order <= np.uint64(high - 1))
        inside &= in_order != ZERO_FINGERPRINT
        at = np.flatnonzero(inside).astype(np.uint32)
        found, first = np.unique(in_order[at], return_index=True)
        hashes.append(found)
        places.append(at[first] if numbers is None else numbers[at[first]])
    return PageIndex(
        version=version, root=root_digest, hashes=np.concatenate(hashes), places=np.concatenate(places)
    )


def build(descriptor: int, *, most: int = MAX_PAGES) -> PageIndex:
    """Read the open file `descriptor` once and index it; a file of more than `most` pages in blocks that are
    not zero gets an index without pages, so that memory does not follow its size. Raises SourceChangedError
    when the file was changed meanwhile, OSError when it can't be read."""
    version = Version.of(os.fstat(descriptor))
    if version.size // PAGE >= MAX_PAGES:
        raise ValueError(
            f"an image of {version.size} bytes has too many pages to index; {MAX_PAGES} are allowed"
        )
    prints: list[Fingerprints] = []
    numbers: list[npt.NDArray[np.uint32]] = []
    kept = 0
    digests = bytearray()
    buffer = memoryview(bytearray(ROOT_BLOCK))
    for offset in range(0, version.size, ROOT_BLOCK):
        block = buffer[: min(ROOT_BLOCK, version.size - offset)]
        if not read_into(descriptor, offset, block):
            raise SourceChangedError("the file became shorter while it was read")
        first = offset // PAGE
        if is_zero(block):
            digests += zero_digest(len(block))
            continue
        digests += digest(block)
        kept += len(block) // PAGE
        if kept > most:
            prints, numbers = [], []
        else:
            prints.append(fingerprints(block))
            numbers.append(np.arange(first, first + len(block) // PAGE, dtype=np.uint32))
    if Version.of(os.fstat(descriptor)) != version:
        raise SourceChangedError("the file was changed while it was read")
    in_order = np.concatenate([np.empty(0, np.uint64), *prints])
    places = np.concatenate([np.empty(0, np.uint32), *numbers])
    del prints, numbers
    return index_of(version, in_order, root(version.size, ROOT_BLOCK, digests), numbers=places)


def read_into(descriptor: int, offset: int, into: memoryview) -> bool:
    """Fill `into` from `offset` of an open file; False when the file ends before."""
    while into:
        count = os.preadv(descriptor, [into], offset)
        if count == 0:
            return False
        into = into[count:]
        offset += count
    return True


def save(index: PageIndex, name: str, path: Path) -> None:
    """Write `index` of the file called `name` to `path`: under another name first, then renamed, so that a
    reader sees the whole of it or nothing."""
    label = name.encode("utf-8", "surrogateescape")
    version = index.version
    pieces = [
        _HEADER.pack(
            _MAGIC, version.size, version.mtime_ns, version.inode, index.root, len(index.hashes), len(label)
        ),
        label,
        index.hashes.astype("<u8").tobytes(),
        index.places.astype("<u4").tobytes(),
    ]
    staged = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with staged.open("wb") as file:
            file.writelines([*pieces, _CHECKSUM.pack(_checksum(pieces))])
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            staged.unlink(missing_ok=True)
        raise


def load(path: Path) -> tuple[str, PageIndex]:
    """The file's name and its index, as `save` wrote them. Raises IndexDamagedError, or OSError when `path`
    can't be read. Whether the index still describes the file is for the caller to compare."""
    content = memoryview(path.read_bytes())
    if len(content) < _HEADER.size + _CHECKSUM.size:
        raise IndexDamagedError(f"{path}: {len(content)} bytes are too few for an index")
    magic, size, mtime_ns, inode, root_digest, count, label_length = _HEADER.unpack_from(content)
    if magic != _MAGIC:
        raise IndexDamagedError(f"{path}: not an index of this format")
    if len(content) != _HEADER.size + label_length + 12 * count + _CHECKSUM.size:
        raise IndexDamagedError(f"{path}: {len(content)} bytes don't hold {count} pages")
    body = content[: -_CHECKSUM.size]
    if _CHECKSUM.unpack(content[-_CHECKSUM.size :]) != (_checksum([body]),):
        raise IndexDamagedError(f"{path}: the checksum does not match")
    start = _HEADER.size + label_length
    index = PageIndex(
        version=Version(size=size, mtime_ns=mtime_ns, inode=inode),
        root=root_digest,
        hashes=np.frombuffer(content, "<u8", count, start).astype(np.uint64),
        places=np.frombuffer(content, "<u4", count, start + 8 * count).astype(np.uint32),
    )
    return bytes(content[_HEADER.size : start]).decode("utf-8", "surrogateescape"), index


def _checksum(pieces: Iterable[bytes | memoryview]) -> int:
    hashed = xxhash.xxh3_64()
    for piece in pieces:
        hashed.update(piece)
    return hashed.intdigest()
