"""How many blocks went in which form, for the progress of either end."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict


class TallyFields(TypedDict):
    """The fields of `Progress` that a tally fills."""

    blocks: dict[str, int]
    block_file: dict[str, int]
    block_wire: dict[str, int]
    encoding_failures: int


class BlockTally:
    """Blocks by codec: their number, the bytes of the file that they stand for, the bytes that they took."""

    def __init__(self) -> None:
        self.failures = 0
        """Blocks whose check failed at the receiver, and that went again as they are."""
        self._blocks: Counter[str] = Counter()
        self._file: Counter[str] = Counter()
        self._wire: Counter[str] = Counter()

    def add(self, codec: str, *, count: int = 1, file: int, wire: int) -> None:
        """`count` blocks of one codec: `file` bytes of the file in `wire` bytes."""
        self._blocks[codec] += count
        self._file[codec] += file
        self._wire[codec] += wire

    @property
    def wire(self) -> int:
        """Bytes of all frames that carried blocks."""
        return self._wire.total()

    def fields(self) -> TallyFields:
        """What goes into a progress."""
        return TallyFields(
            blocks=dict(self._blocks),
            block_file=dict(self._file),
            block_wire=dict(self._wire),
            encoding_failures=self.failures,
        )
