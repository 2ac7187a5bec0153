"""What the receiver has already: the pages of its images, found by fingerprint.

It only ever suggests. An image that was changed, moved or deleted gives no page, a damaged index is made
anew, and a page that turns out to be another one is noticed by the digest of the block that it was used for.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from charts_py.contract import agent_memory
from dwcp_runtime.encoding import page_index
from dwcp_runtime.encoding.baseline import BaselineFile
from dwcp_runtime.encoding.page_index import IndexDamagedError, PageIndex, Version
from dwcp_runtime.encoding.pages import PAGE

if TYPE_CHECKING:
    from dwcp_runtime.encoding.pages import Fingerprints

STATE_BYTES_PER_PAGE: Final = agent_memory.INVENTORY_PAGE_BYTES
"""Memory that the inventory takes for each page: its fingerprint, image and number. While an image is added,
it takes as much again, and some 40 bytes for each page of that image, of which there are as many at most as
the inventory holds: an image of more is known by its root only."""

DEFAULT_MAX_PAGES: Final = agent_memory.INVENTORY_PAGES
"""Pages kept unless told otherwise: those of 32 GiB of different content, in 128 MiB of memory."""

_SUFFIX = ".pages"
_USE_GRAIN_NS: Final = 60 * 10**9
_UNKNOWN: Final = -1


@dataclass(frozen=True, kw_only=True)
class Locations:
    """Where the pages of one question lie: for each the image (or -1) and the page's number in it."""

    images: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class _Image:
    path: Path
    version: Version
    root: bytes
    index: Path


class Inventory:
    """The images under `root`, without hidden files and directories; their indexes lie in `state`.

    The pages of at most `max_pages` are kept in memory: those of the images that were useful last; the
    indexes of the others stay on disk. Opening loads the indexes of images that are unchanged and removes
    every other file of the directory that looks like an index. Safe to use from several threads at once.
    `clock_ns` gives the time of use in nanoseconds; it outlasts a restart.
    """

    def __init__(
        self,
        root: Path,
        state: Path,
        *,
        max_pages: int = DEFAULT_MAX_PAGES,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._root = root
        self._state = state
        self._max_pages = max_pages
        self._clock_ns = clock_ns
        self._lock = threading.RLock()
        self._next = 0
        # In the order of their last use, the oldest first. A number is never used again.
        self._images: dict[int, _Image] = {}
        self._used: dict[int, int] = {}
        self._loaded: set[int] = set()
        # These three are replaced, never changed: a search goes on with those it began with.
        self._hashes = np.empty(0, np.uint64)
        self._owners = np.empty(0, np.uint32)
        self._places = np.empty(0, np.uint32)
        self._open()

    @property
    def pages(self) -> int:
        """Different pages that are known now; their memory is STATE_BYTES_PER_PAGE each."""
        return len(self._hashes)

    def missing(self) -> list[Path]:
        """Images without an index of their present version, the latest changed first: call `add` for each, as
        far as there is time."""
        with self._lock:
            have = {image.path: image.version for image in self._images.values()}
        found: list[tuple[int, Path]] = []
        for folder, folders, files in os.walk(self._root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                path = Path(folder, name)
                with contextlib.suppress(OSError):
                    status = path.lstat()
                    version = Version.of(status)
                    usable = (
                        stat.S_ISREG(status.st_mode) and not name.startswith(".") and status.st_size >= PAGE
                    )
                    if usable and have.get(path) != version:
                        found.append((status.st_mtime_ns, path))
        return [path for _, path in sorted(found, reverse=True)]

    def add(
        self,
        path: Path,
        *,
        fingerprints: Fingerprints | None = None,
        root: bytes | None = None,
        heard: Callable[[int], None] = lambda done: None,
    ) -> None:
        """Index the image at `path` and forget what was known of it before.

        With `fingerprints` (of all its full pages, in order) and `root` (in blocks of ROOT_BLOCK), as
        computed while it was received, the image is not read again. Else `heard` is told how many bytes were
        read so far; what it raises ends it, and nothing is known of the image.

        Raises OSError when it can't be read or its index can't be written, SourceChangedError when it was
        changed meanwhile.
        """
        with BaselineFile(path) as image:
            index = image.index(fingerprints, root, most=self._max_pages, heard=heard)
        kept = self._index_path(path)
        self._state.mkdir(parents=True, exist_ok=True)
        with self._lock:
            for number in [number for number, image in self._images.items() if image.path == path]:
                self._drop(number)
            page_index.save(index, str(path), kept)
            now = self._clock_ns()
            self._load(self._enter(path, index, kept, now), index)
            with contextlib.suppress(OSError):
                os.utime(kept, ns=(now, now))
            self._make_room()

    def find(self, baseline: bytes) -> Path | None:
        """The path of an unchanged image whose root is `baseline`, which thereby counts as used."""
        with self._lock:
            for number, image in list(self._images.items()):
                if image.root == baseline and self._unchanged(number):
                    self._touch(number)
                    return image.path
        return None

    def lookup(self, prints: Fingerprints | Sequence[int]) -> tuple[bytes, Locations]:
        """The answer for fingerprints of pages and where the pages lie. In the answer bit `i`, lowest bit of
        a byte first, is set when page `i` is known."""
        wanted = np.asarray(prints, np.uint64)
        with self._lock:
            hashes, owners, places = self._hashes, self._owners, self._places
        images = np.full(len(wanted), _UNKNOWN, np.int64)
        numbers = np.zeros(len(wanted), np.int64)
        if len(hashes):
            at = np.searchsorted(hashes, wanted)
            at[at == len(hashes)] = 0
            found = hashes[at] == wanted
            images[found] = owners[at[found]]
            numbers[found] = places[at[found]]
            with self._lock:
                for number in np.unique(images[found]).tolist():
                    if self._unchanged(number):
                        self._touch(number)
                    else:
                        images[images == number] = _UNKNOWN
        bits = np.packbits(images != _UNKNOWN, bitorder="little")
        return bits.tobytes(), Locations(images=images, places=numbers)

    def read(self, locations: Locations, first: int, into: memoryview) -> bool:
        """Fill `into` with the pages from number `first` of a question on; False when one of them was not
        known, or is not to be had any more."""
        count = len(into) // PAGE
        end = first + count
        if first < 0 or end > len(locations.images) or len(into) % PAGE:
            return False
        images, places = locations.images[first:end], locations.places[first:end]
        cuts = np.flatnonzero((np.diff(images) != 0) | (np.diff(places) != 1)) + 1
        at = 0
        for stop in [*cuts.tolist(), count]:
            if not self._read(int(images[at]), int(places[at]) * PAGE, into[at * PAGE : stop * PAGE]):
                return False
            at = stop
        return True

    def _read(self, number: int, offset: int, into: memoryview) -> bool:
        with self._lock:
            image = self._images.get(number)
        if image is None:
            return False
        try:
            with BaselineFile(image.path) as file:
                return file.version == image.version and file.read_into(offset, into)
        except OSError:
            return False

    def _index_path(self, path: Path) -> Path:
        return self._state / (blake3(os.fsencode(path)).hexdigest(16) + _SUFFIX)

    def _open(self) -> None:
        usable: list[tuple[int, Path, PageIndex, Path]] = []
        for kept in sorted(self._state.glob(f"*{_SUFFIX}*")):
            try:
                name, index = page_index.load(kept)
                path = Path(name)
                if kept != self._index_path(path) or not path.is_relative_to(self._root):
                    raise IndexDamagedError(f"{kept}: not the index of an image below {self._root}")
                if Version.of(path.lstat()) != index.version:
                    raise IndexDamagedError(f"{kept}: the image has changed")
                usable.append((kept.stat().st_mtime_ns, path, index, kept))
            except (OSError, IndexDamagedError):
                with contextlib.suppress(OSError):
                    kept.unlink()
        for used, path, index, kept in sorted(usable, key=lambda entry: entry[0]):
            self._load(self._enter(path, index, kept, used), index)
            self._make_room()

    def _enter(self, path: Path, index: PageIndex, kept: Path, used: int) -> int:
        number = self._next
        self._next += 1
        self._images[number] = _Image(path=path, version=index.version, root=index.root, index=kept)
        self._used[number] = used
        return number

    def _load(self, number: int, index: PageIndex) -> None:
        """Take in the pages of an image. Those that it shares with another now belong to this one, which is
        the later used and will stay for longer."""
        if len(index.hashes) > self._max_pages:
            return
        at = np.searchsorted(self._hashes, index.hashes)
        shared = np.zeros(len(at), np.bool_)
        inside = at < len(self._hashes)
        shared[inside] = self._hashes[at[inside]] == index.hashes[inside]
        new = ~shared
        owners, places = self._owners.copy(), self._places.copy()
        owners[at[shared]] = number
        places[at[shared]] = index.places[shared]
        # Not by np.insert, which takes twice the memory.
        where = at[new]
        del at, shared, inside
        where += np.arange(len(where))
        before = np.ones(len(self._hashes) + len(where), np.bool_)
        before[where] = False

        def merged(old: npt.NDArray[Any], more: npt.NDArray[Any] | int) -> npt.NDArray[Any]:
            both = np.empty(len(before), old.dtype)
            both[before] = old
            both[where] = more
            return both

        self._owners = merged(owners, number)
        self._places = merged(places, index.places[new])
        self._hashes = merged(self._hashes, index.hashes[new])
        self._loaded.add(number)

    def _make_room(self) -> None:
        for number in list(self._images):
            if len(self._hashes) <= self._max_pages:
                return
            if number in self._loaded:
                self._unload(number)

    def _unload(self, number: int) -> None:
        self._loaded.discard(number)
        kept = self._owners != number
        self._hashes, self._owners, self._places = self._hashes[kept], self._owners[kept], self._places[kept]

    def _unchanged(self, number: int) -> bool:
        """Whether the image is still the one that was indexed; if not, forget it."""
        image = self._images.get(number)
        if image is None:
            return False
        try:
            if Version.of(image.path.lstat()) == image.version:
                return True
        except OSError:
            pass
        self._drop(number)
        return False

    def _touch(self, number: int) -> None:
        image = self._images[number] = self._images.pop(number)
        now = self._clock_ns()
        if now - self._used[number] >= _USE_GRAIN_NS:
            self._used[number] = now
            with contextlib.suppress(OSError):
                os.utime(image.index, ns=(now, now))

    def _drop(self, number: int) -> None:
        """Forget an image. What it shared with others is taken from their indexes again."""
        image = self._images.pop(number)
        del self._used[number]
        with contextlib.suppress(OSError):
            image.index.unlink()
        if number not in self._loaded:
            return
        self._unload(number)
        for other in [other for other in self._images if other in self._loaded]:
            with contextlib.suppress(OSError, IndexDamagedError):
                _, index = page_index.load(self._images[other].index)
                if index.version == self._images[other].version:
                    self._load(other, index)
