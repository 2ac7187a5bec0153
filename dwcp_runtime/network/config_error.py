"""What is wrong with a configuration file, as one line per mistake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One mistake: the value at `path`, what is wrong with it and what is allowed.

    `line` counts from 1 and is None where the file as a whole is wrong.
    """

    message: str
    path: tuple[str | int, ...] = ()
    line: int | None = None


class ConfigError(Exception):
    """A configuration file that cannot be used, with every mistake that was found in it."""

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        self.file = file
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self._line(mistake) for mistake in self.mistakes))

    def _line(self, mistake: Mistake) -> str:
        where = self.file if mistake.line is None else f"{self.file}:{mistake.line}"
        path = show_path(mistake.path)
        return f"{where}: {path}: {mistake.message}" if path else f"{where}: {mistake.message}"


def show_path(path: Sequence[str | int]) -> str:
    """A path as people write it: `peers[0].endpoint`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
