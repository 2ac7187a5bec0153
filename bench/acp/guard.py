"""What one cell, group or part can't do costs only itself: the others have taken long."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from typing import Final

from bench.acp.group import GroupError
from bench.acp.load import LoadError
from bench.dwcp.line import LineError
from bench.dwcp.place import say

_EXPECTED: Final = (
    *(LineError, GroupError, LoadError),
    *(OSError, subprocess.SubprocessError),
    # An answer or a figure that is none, of a member that has just gone or a tool that was ended.
    *(ValueError, LookupError, ArithmeticError, StopIteration),
)


@contextlib.contextmanager
def guarded(what: str, problems: list[str]) -> Iterator[None]:
    """Note in `problems` why `what` could not be measured, and go on."""
    try:
        yield
    except _EXPECTED as error:
        known = isinstance(error, (LineError, GroupError, LoadError))
        problems.append(f"{what}: {error if known else f'{type(error).__name__}: {error}'}")
        say(problems[-1])
