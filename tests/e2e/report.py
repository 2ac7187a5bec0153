"""What a run says: a plain line per step while it goes on, and a summary at the end."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["passed", "failed", "skipped"]

REASON_CHARACTERS = 6000


class CheckError(Exception):
    """An expectation did not hold; the message says what was expected and what there was."""


class NotRunError(Exception):
    """A step cannot be run here; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A finished step; `name` is what holds if it passed."""

    name: str
    outcome: Outcome
    seconds: float
    reason: str = ""


@dataclass(kw_only=True)
class Report:
    """Runs steps in order and remembers how they went.

    Attributes:
        real: What took part as it is in production: name -> version or source.
        played: What was imitated: name -> how.
    """

    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    steps: list[Step] = field(default_factory=list)
    real: dict[str, str] = field(default_factory=dict)
    played: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._begun = self.clock()

    def step(self, name: str, act: Callable[[], object], *, needs: str | None = None) -> bool:
        """Run one step; a failure is recorded and the run goes on.

        Args:
            name: What holds when it passes.
            act: Does it and raises if it does not hold.
            needs: Name of the step without which this one means nothing; if that did not pass, this one
                is not run.

        Returns:
            Whether it passed.
        """
        start = self.clock()
        outcome: Outcome = "passed"
        reason = ""
        if needs is not None and not self.passed(needs):
            outcome, reason = "skipped", f"needs: {needs}"
        else:
            try:
                act()
            except NotRunError as error:
                outcome, reason = "skipped", str(error)
            except Exception as error:
                outcome, reason = "failed", f"{type(error).__name__}: {error}"[:REASON_CHARACTERS]
        end = self.clock()
        self.steps.append(Step(name=name, outcome=outcome, seconds=end - start, reason=reason))
        detail = f"\n{textwrap.indent(reason, '        ')}" if reason else ""
        self.say(f"{end - self._begun:6.1f} s  {outcome:8} {name} ({end - start:.1f} s){detail}")
        return outcome == "passed"

    def passed(self, name: str) -> bool:
        """Whether a step of this name has passed."""
        return any(step.name == name and step.outcome == "passed" for step in self.steps)

    def count(self, outcome: Outcome) -> int:
        """How many steps ended so."""
        return sum(step.outcome == outcome for step in self.steps)

    def summary(self) -> str:
        """The steps with their seconds, what was real and what was played, and the closing line."""
        steps = [f"  {step.seconds:6.1f} s  {step.outcome:7}  {step.name}" for step in self.steps]
        skipped = {step.name: step.reason for step in self.steps if step.outcome == "skipped"}
        failed = {step.name: step.reason.splitlines()[0] for step in self.steps if step.outcome == "failed"}
        parts = [
            "\n".join(("Steps:", *steps, f"  {self.clock() - self._begun:6.1f} s  in all", "")),
            _table("Real", self.real),
            _table("Played", self.played),
            _table("Did not run", skipped),
            _table("Failed", failed),
        ]
        counts = [f"{self.count('passed')} passed", f"{self.count('failed')} failed"]
        if skipped:
            counts.append(f"{len(skipped)} skipped")
        return "\n".join((*filter(None, parts), ", ".join(counts)))


def _table(title: str, rows: dict[str, str]) -> str:
    if not rows:
        return ""
    width = min(max(map(len, rows)), 60)
    lines = [f"  {name:{width}}  {text}".rstrip() for name, text in rows.items()]
    return "\n".join((f"{title}:", *lines, ""))
