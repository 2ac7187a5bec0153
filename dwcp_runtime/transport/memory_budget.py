"""What the buffers of all transfers of a receiver may take together. Pure."""

from __future__ import annotations

from collections.abc import Callable


class MemoryBudget:
    """Bytes of buffers: `total` is asked at every grant, so that it may change.

    A transfer that comes has one buffer or is not let in. Beyond that it has what it asks for, as long as as
    much is left as `TRANSFERS` others would need for one buffer each, or half of all: who comes first cannot
    keep the others out.
    """

    def __init__(self, total: Callable[[], int], *, transfers: int) -> None:
        self._total = total
        self._transfers = transfers
        self._taken = 0

    @property
    def taken(self) -> int:
        """Bytes that are granted now."""
        return self._taken

    def join(self, size: int) -> Share | None:
        """The share of a transfer whose buffers have `size` bytes; None when there is not even one."""
        if self._taken + size > self._total():
            return None
        self._taken += size
        return Share(self, size)

    def _more(self, size: int, count: int) -> int:
        kept = min(self._transfers * size, self._total() // 2)
        granted = max(0, min(count, (self._total() - kept - self._taken) // size))
        self._taken += granted * size
        return granted

    def _back(self, size: int) -> None:
        self._taken -= size


class Share:
    """The buffers of one transfer: `count` of `size` bytes."""

    def __init__(self, budget: MemoryBudget, size: int) -> None:
        self._budget = budget
        self._size = size
        self.count = 1

    def grow(self, count: int) -> int:
        """Have up to `count` buffers from now on; how many there are."""
        if count > self.count:
            self.count += self._budget._more(self._size, count - self.count)
        return self.count

    def close(self) -> None:
        """Give all back. Repeatable."""
        self._budget._back(self.count * self._size)
        self.count = 0
