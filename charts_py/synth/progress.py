"""What a run says while it works: one line that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import Protocol, TextIO

from charts_py.synth.streams import remark


class Progress(Protocol):
    """Receives the steps of a run. `total` counts whatever the phase works through."""

    def phase(self, name: str, total: int) -> None:
        """A phase begins."""

    def advance(self, item: str) -> None:
        """One item of the phase is done."""

    def say(self, line: str) -> None:
        """A line that stays."""

    def end(self) -> None:
        """Nothing more will come: leave the terminal clean."""


class Silent:
    """Says nothing: for `--json` and for callers of the library."""

    def phase(self, name: str, total: int) -> None:
        """Ignored."""

    def advance(self, item: str) -> None:
        """Ignored."""

    def say(self, line: str) -> None:
        """Ignored."""

    def end(self) -> None:
        """Ignored."""


class PlainLines:
    """One line per phase, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def phase(self, name: str, total: int) -> None:
        """Prints the phase and how much it has to do."""
        self.say(f"{name} ({total})")

    def advance(self, item: str) -> None:
        """Single items would flood a log."""

    def say(self, line: str) -> None:
        """Prints the line at once."""
        remark(line, self._stream)

    def end(self) -> None:
        """Nothing is left open."""


class TerminalLine:
    """One line that is rewritten in place: phase, position, item."""

    _CLEAR = "\r\x1b[2K"

    def __init__(self, stream: TextIO, columns: int) -> None:
        self._stream = stream
        self._columns = columns
        self._name = ""
        self._total = 0
        self._done = 0

    def phase(self, name: str, total: int) -> None:
        """Starts counting from zero."""
        self._name, self._total, self._done = name, total, 0
        self._draw("")

    def advance(self, item: str) -> None:
        """Counts one up and shows the item."""
        self._done += 1
        self._draw(item)

    def say(self, line: str) -> None:
        """Prints above the moving line."""
        remark(f"{self._CLEAR}{line}\n", self._stream, end="")

    def end(self) -> None:
        """Wipes the moving line."""
        remark(self._CLEAR, self._stream, end="")

    def _draw(self, item: str) -> None:
        line = f"{self._name} {self._done}/{self._total} {item}"
        remark(f"{self._CLEAR}{line[: self._columns - 1]}", self._stream, end="")
