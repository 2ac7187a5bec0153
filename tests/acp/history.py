"""What clients asked and were told, as a history that a checker can read."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from tests.e2e.machine import BINARIES

Op = Literal["get", "put", "cas", "delete"]
Outcome = Literal["ok", "unknown", "failed"]
CHECKER = BINARIES / "porcupine"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation. Times are nanoseconds of the monotonic clock.

    Attributes:
        value: What a write wrote, or what a get found; None if it found nothing.
        expect: The revision that a cas asks for; 0 asks for a key that isn't there.
        revision: Where a write took place, or the revision of what a get found.
        swapped: Whether a cas or a delete changed anything.
        outcome: `failed` never took place; `unknown` may take place at any later time, or never.
    """

    client: int
    op: Op
    key: str
    call: int
    outcome: Outcome
    value: str | None = None
    expect: int = 0
    revision: int = 0
    swapped: bool = False
    answered: int = 0


@dataclass(kw_only=True)
class History:
    """Operations in the order in which they ended."""

    operations: list[Operation] = field(default_factory=list)

    def add(self, operation: Operation) -> None:
        self.operations.append(operation)

    def acknowledged(self) -> list[int]:
        """When each operation that took place was answered, in order."""
        return sorted(one.answered for one in self.operations if one.outcome == "ok")

    def longest_gap(self, start: int, end: int) -> float:
        """Seconds of the longest time between `start` and `end` in which nobody was answered."""
        inside = [at for at in self.acknowledged() if start <= at <= end]
        edges = [start, *inside, end]
        return max(after - before for before, after in itertools.pairwise(edges)) / 1e9

    def write(self, path: Path) -> None:
        """One JSON object a line."""
        with path.open("w") as file:
            for operation in self.operations:
                line = asdict(operation)
                line["return"] = line.pop("answered")
                file.write(json.dumps(line) + "\n")


def violation(path: Path, limit_s: int = 60) -> str:
    """Why the history of this file is not linearizable; empty if it is."""
    done = subprocess.run(
        [CHECKER, "-limit", f"{limit_s}s", path], capture_output=True, text=True, check=False
    )
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def now() -> int:
    """Nanoseconds of the clock of a history."""
    return time.monotonic_ns()
