"""A mistake in a fleet file, as people and as programs read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from charts_py.fleet.positions import Mark, Path

MOST_SHOWN = 200
"""How many problems are rendered: whoever has more has one cause for most of them."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WIDEST = 100
_LONGEST_WORD = 80


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake: where, what is wrong, what was found, what is allowed instead.

    line and column count from 1 and are None where the file as a whole is wrong. `allowed` are the literal
    alternatives (keys or values), `nearest` the one that was probably meant, `source` the line of the file.
    """

    file: str
    message: str
    path: Path = ()
    line: int | None = None
    column: int | None = None
    found: str | None = None
    allowed: tuple[str, ...] = ()
    nearest: str | None = None
    source: str | None = None

    def headline(self) -> str:
        """`file:line:column: path: message; found ...; did you mean ...? allowed: ...` on one line."""
        where = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        text = f"{where}: {show_path(self.path)}: " if self.path else f"{where}: "
        text += self.message
        if self.found is not None and not (self.path and str(self.path[-1]) == self.found):
            text += f"; found {self.found}"
        if self.nearest is not None:
            text += f"; did you mean {self.nearest}?"
        if self.allowed:
            text += f"{'' if self.nearest is not None else ';'} allowed: {', '.join(self.allowed)}"
        return text

    def render(self) -> str:
        """The headline, then the source line with a caret below the place."""
        if self.source is None or self.column is None:
            return self.headline()
        start = max(0, self.column - 1 - _WIDEST // 2)
        line = printable(self.source[start : start + _WIDEST]).rstrip()
        return f"{self.headline()}\n    {line}\n    {' ' * (self.column - 1 - start)}^"

    def to_json(self) -> dict[str, Any]:
        """As JSON-compatible data; keys without a value are left out."""
        entries: dict[str, Any] = {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": show_path(self.path) or None,
            "message": self.message,
            "found": self.found,
            "allowed": list(self.allowed) or None,
            "nearest": self.nearest,
        }
        return {key: value for key, value in entries.items() if value is not None}


class FleetError(Exception):
    """Fleet files that cannot be used, with every problem, in the order of the files' lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_order))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return self.render()

    def render(self) -> str:
        """All problems as text, at most MOST_SHOWN, then how many there are."""
        shown = [problem.render() for problem in self.problems[:MOST_SHOWN]]
        total = len(self.problems)
        if total > MOST_SHOWN:
            shown.append(f"{total} problems; the first {MOST_SHOWN} are shown")
        return "\n".join(shown)

    def to_json(self) -> dict[str, Any]:
        """All problems as JSON-compatible data, at most MOST_SHOWN, and how many there are."""
        shown = [problem.to_json() for problem in self.problems[:MOST_SHOWN]]
        return {"count": len(self.problems), "problems": shown}


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that problems are found in: its name as the user wrote it, and its lines."""

    file: str
    lines: tuple[str, ...] = ()

    def problem(
        self,
        mark: Mark,
        path: Path,
        message: str,
        *,
        found: str | None = None,
        allowed: tuple[str, ...] = (),
        nearest: str | None = None,
    ) -> Problem:
        """A problem at a place of this file."""
        return Problem(
            file=self.file,
            line=mark.line,
            column=mark.column,
            path=path,
            message=message,
            found=found,
            allowed=allowed,
            nearest=nearest,
            source=self.lines[mark.line - 1] if mark.line <= len(self.lines) else None,
        )


def show_path(path: Path) -> str:
    """`regions[0].api.minReplicas`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{quoted(step)}]"
    return text


def quoted(text: str) -> str:
    """Text in double quotes on one line, cut when long."""
    cut = text if len(text) <= _LONGEST_WORD else f"{text[:_LONGEST_WORD]}…"
    return printable(json.dumps(cut, ensure_ascii=False))


def printable(text: str) -> str:
    """Text that a terminal shows as it is: one column a character, no control sequences."""
    return "".join(" " if char == "\t" else char if char.isprintable() else "�" for char in text)


def _order(problem: Problem) -> tuple[str, int, int, str, str]:
    return (
        problem.file,
        problem.line or 0,
        problem.column or 0,
        show_path(problem.path),
        problem.message,
    )
