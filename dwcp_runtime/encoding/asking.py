"""How often to ask the receiver which pages of a block it knows: a question is bytes, and a scan of the
file."""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 32
"""Answers in a row without a known page after which the receiver is taken not to know this file."""

RARELY: Final = 32
"""Then one block in so many is still asked for: the file may hold another part that is known."""


class Asking:
    """Decides block by block, in their order. Pure; not safe for several threads."""

    def __init__(self) -> None:
        self._fruitless = 0
        self._skipped = 0

    def worthwhile(self) -> bool:
        """Whether to ask for the next block."""
        if self._fruitless < PATIENCE:
            return True
        self._skipped += 1
        if self._skipped < RARELY:
            return False
        self._skipped = 0
        return True

    def answered(self, answer: bytes | memoryview) -> None:
        """Take note of the bitmap of an answer."""
        self._fruitless = 0 if any(answer) else self._fruitless + 1
