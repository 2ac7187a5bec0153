"""A file that both peers have: read by either, and searched by the sender for pages that it can refer to."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from blake3 import blake3

from dwcp_runtime.encoding import page_index
from dwcp_runtime.encoding.page_index import IndexDamagedError, PageIndex, PageNumbers, Version
from dwcp_runtime.encoding.pages import PAGE

if TYPE_CHECKING:
    from dwcp_runtime.encoding.pages import Fingerprints


class BaselineFile:
    """An open baseline. It stays the same file when another one is renamed over its path.

    Raises OSError when `path` can't be opened or is no regular file. `version` is the one that was opened.
    Reads are safe from several threads at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # Opening a pipe would otherwise wait for its other end.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        self.version = Version.of(status)

    @property
    def size(self) -> int:
        """Bytes of the file when it was opened."""
        return self.version.size

    def read_into(self, offset: int, into: memoryview) -> bool:
        """Fill `into` from `offset`; False when the file does not give all of it."""
        if offset < 0 or offset + len(into) > self.version.size:
            return False
        try:
            return page_index.read_into(self._descriptor, offset, into)
        except OSError:
            return False

    def index(
        self,
        prints: Fingerprints | None = None,
        root: bytes | None = None,
        *,
        most: int = page_index.MAX_PAGES,
    ) -> PageIndex:
        """The index of this file: from the fingerprints of its full pages in order and its root where both
        are known, else by reading it, without pages if there are more than `most`. Raises OSError, ValueError
        when `prints` are not as many as there are pages.
        """
        if prints is None or root is None:
            return page_index.build(self._descriptor, most=most)
        if len(prints) != self.version.size // PAGE:
            raise ValueError(f"{len(prints)} fingerprints for a file of {self.version.size} bytes")
        return page_index.index_of(self.version, prints, root)

    def close(self) -> None:
        """Give the file back. Nothing may be read afterwards."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Baseline(BaselineFile):
    """The sender's baseline: `digest` names it to the receiver, `find` gives pages to refer to.

    Opening it reads the file once to index it, unless `cache` (a directory, made when missing) holds the
    index of this very version. Raises OSError, or its
    SourceChangedError when the file is changed while it is read.
    """

    def __init__(self, path: Path, *, cache: Path | None = None) -> None:
        super().__init__(path)
        try:
            self._index = self._indexed(cache)
        except BaseException:
            self.close()
            raise
        self.last_shift = 0
        """By how many pages the reference found last lay further on in the baseline than in the file: where
        to look first for the next one. Set by whoever searches; a stale value costs time, nothing else."""

    @property
    def digest(self) -> bytes:
        """The 32 bytes that name this content: its root in blocks of a mebibyte."""
        return self._index.root

    def find(self, wanted: Fingerprints) -> PageNumbers:
        """For each fingerprint the number of a page that may hold it, or NOWHERE: compare first."""
        return self._index.find(wanted)

    def _indexed(self, cache: Path | None) -> PageIndex:
        name = str(self.path.absolute())
        kept = None if cache is None else cache / f"{blake3(os.fsencode(name)).hexdigest(16)}.pages"
        if kept is not None:
            with contextlib.suppress(OSError, IndexDamagedError):
                owner, index = page_index.load(kept)
                if owner == name and index.version == self.version:
                    return index
        index = self.index()
        if kept is not None:
            # A full or read-only disk costs the next transfer a second reading, not this one its baseline.
            with contextlib.suppress(OSError):
                kept.parent.mkdir(parents=True, exist_ok=True)
                page_index.save(index, name, kept)
        return index
