"""Whether a goal of a benchmark was reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`reached` is None where a figure that it needs is missing."""

    goal: str
    reached: bool | None
    figures: str

    @property
    def word(self) -> str:
        """For a table."""
        return {True: "reached", False: "LOST", None: "no figure"}[self.reached]


def listed(found: Sequence[Verdict], problems: Sequence[str]) -> str:
    """A list for a page: every goal that was judged, then what could not be measured and why."""
    lines = [f"- **{verdict.word}**: {verdict.goal}: {verdict.figures}." for verdict in found]
    return "\n".join([*lines, *(f"- **not measured**: {problem}." for problem in problems)])
