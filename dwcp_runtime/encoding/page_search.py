"""Finding, for each page of a block, a place from which the receiver can take it instead."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt

from dwcp_runtime.encoding.page_index import NOWHERE, PageNumbers
from dwcp_runtime.encoding.page_operations import Operation, Step
from dwcp_runtime.encoding.pages import PAGE, fingerprints, zero_pages

if TYPE_CHECKING:
    from dwcp_runtime.encoding.pages import Fingerprints

_PROBES: Final = 8
_BRIDGE: Final = 16
"""Pages of other content that a run of references may contain and still be compared as one read."""

_WORDS = PAGE // 8
# numpy looks for attributes of what it compares with, which is slow on members of an enumeration.
_LITERAL: Final = int(Operation.LITERAL)
_BASELINE: Final = int(Operation.BASELINE)
_KNOWN: Final = int(Operation.KNOWN)
_ZERO: Final = int(Operation.ZERO)


class Searchable(Protocol):
    """What the search asks of the sender's baseline."""

    last_shift: int

    @property
    def size(self) -> int:
        """Bytes of the baseline."""

    def find(self, wanted: Fingerprints) -> PageNumbers:
        """For each fingerprint the number of a page that may hold it, or NOWHERE."""

    def read_into(self, offset: int, into: memoryview) -> bool:
        """Fill `into` from `offset`; False when the file does not give all of it."""


def known_pages(answer: bytes | memoryview, count: int) -> npt.NDArray[np.bool_]:
    """The receiver's answer as one flag per page; pages beyond its end are unknown."""
    bits = np.unpackbits(np.frombuffer(answer, np.uint8), count=count, bitorder="little")
    return bits.astype(np.bool_)


def search(
    raw: memoryview,
    first: int,
    *,
    known: bytes | memoryview | None,
    prints: Fingerprints | None,
    baseline: Searchable | None,
) -> list[Step]:
    """Steps that give the full pages of `raw`, whose first one has the number `first` in the file.

    A page is only taken from the baseline after its bytes were compared there. `known` is the receiver's
    answer, which is believed: a digest guards the block.
    """
    count = len(raw) // PAGE
    kinds = np.full(count, _LITERAL, np.uint8)
    zero = zero_pages(raw)
    kinds[zero] = _ZERO
    cursors = np.arange(first, first + count, dtype=np.int64)
    guess = 0
    if baseline is not None:
        guess = baseline.last_shift
        _Search(raw, first, kinds, cursors, baseline).run(prints)
    if known is not None:
        kinds[known_pages(known, count) & (kinds == _LITERAL)] = _KNOWN
    steps, last = _steps(kinds, cursors, first, guess)
    if baseline is not None and last is not None:
        baseline.last_shift = last
    return steps


class _Scratch(threading.local):
    """A buffer that each thread uses again: new memory for each comparison costs more than it does."""

    def __init__(self) -> None:
        self._buffer = bytearray(1 << 20)

    def view(self, length: int) -> memoryview:
        if len(self._buffer) < length:
            self._buffer = bytearray(length)
        return memoryview(self._buffer)[:length]


_scratch = _Scratch()


class _Search:
    def __init__(
        self,
        raw: memoryview,
        first: int,
        kinds: npt.NDArray[np.uint8],
        cursors: npt.NDArray[np.int64],
        baseline: Searchable,
    ) -> None:
        self._raw = raw
        self._rows = np.frombuffer(raw, np.uint64, len(kinds) * _WORDS).reshape(len(kinds), _WORDS)
        self._first = first
        self._kinds = kinds
        self._cursors = cursors
        self._baseline = baseline
        self._pages = baseline.size // PAGE

    def run(self, prints: Fingerprints | None) -> None:
        for shift in dict.fromkeys((self._baseline.last_shift, 0)):
            if self._promising(shift):
                self._compare(shift, 0, len(self._kinds))
        missing = np.flatnonzero(self._kinds == _LITERAL)
        if not missing.size:
            return
        if prints is not None:
            wanted = prints[missing]
        else:
            whole = missing.size == len(self._kinds)
            wanted = fingerprints(self._raw if whole else memoryview(self._rows[missing].tobytes()))
        places = self._baseline.find(wanted)
        shifts = places - missing - self._first
        found = places != NOWHERE
        missing, shifts = missing[found], shifts[found]
        while missing.size:
            same = missing[shifts == shifts[0]]
            gaps = np.flatnonzero(np.diff(same) > _BRIDGE)
            end = int(same[gaps[0]] if gaps.size else same[-1]) + 1
            self._compare(int(shifts[0]), int(missing[0]), end)
            open_still = self._kinds[missing] == _LITERAL
            open_still[0] = False
            missing, shifts = missing[open_still], shifts[open_still]

    def _promising(self, shift: int) -> bool:
        """Whether one of a few pages lies in the baseline at this shift."""
        candidates = np.flatnonzero(self._kinds == _LITERAL)
        if not candidates.size:
            return False
        page = memoryview(bytearray(PAGE))
        words = np.frombuffer(page, np.uint64)
        for at in candidates[:: max(1, len(candidates) // _PROBES)]:
            place = int(at) + self._first + shift
            if (
                0 <= place < self._pages
                and self._baseline.read_into(place * PAGE, page)
                and np.array_equal(words, self._rows[at])
            ):
                return True
        return False

    def _compare(self, shift: int, start: int, end: int) -> None:
        """Take from the baseline each still open page of `start..end` that lies there at this shift."""
        start = max(start, -(self._first + shift))
        end = min(end, self._pages - self._first - shift)
        if start >= end:
            return
        buffer = _scratch.view((end - start) * PAGE)
        if not self._baseline.read_into((start + self._first + shift) * PAGE, buffer):
            return
        theirs = np.frombuffer(buffer, np.uint64).reshape(end - start, _WORDS)
        ours = self._rows[start:end]
        same = theirs[:, 0] == ours[:, 0]
        # Most different pages differ in their first word already. Picking rows copies them: only a few.
        likely = np.flatnonzero(same)
        if 2 * len(likely) > len(same):
            same = (theirs == ours).all(axis=1)
        else:
            same[likely] = (theirs[likely] == ours[likely]).all(axis=1)
        same &= self._kinds[start:end] == _LITERAL
        at = np.flatnonzero(same) + start
        self._kinds[at] = _BASELINE
        self._cursors[at] = at + self._first + shift


def _steps(
    kinds: npt.NDArray[np.uint8], cursors: npt.NDArray[np.int64], first: int, guess: int
) -> tuple[list[Step], int | None]:
    """Pages as runs, and the shift of the last reference. Pages that are no references follow the one before
    them; the first ones follow the one after them, or `guess` when the block has none."""
    if not len(kinds):
        return [], None
    numbers = np.arange(first, first + len(kinds), dtype=np.int64)
    shifts = cursors - numbers
    references = np.flatnonzero(kinds == _BASELINE)
    last = None
    if references.size:
        follow = np.maximum(np.searchsorted(references, np.arange(len(kinds)), side="right") - 1, 0)
        shifts = shifts[references[follow]]
        last = int(shifts[-1])
    else:
        shifts = np.full(len(kinds), guess, np.int64)
    ends = np.flatnonzero((np.diff(kinds) != 0) | (np.diff(shifts) != 0)) + 1
    steps = [
        Step(
            operation=Operation(int(kinds[at])),
            count=int(end - at),
            cursor=max(0, int(numbers[at] + shifts[at])),
        )
        for at, end in zip([0, *ends.tolist()], [*ends.tolist(), len(kinds)], strict=True)
    ]
    return steps, last
