"""Whether a goal of a benchmark was reached."""

from __future__ import annotations

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
