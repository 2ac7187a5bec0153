"""What the exit code of a `novacron` command means, the same for every command."""

from __future__ import annotations

from typing import Final

OK: Final = 0
DIFFERENT: Final = 1
"""A check found something: the published tree is not what the fleet says, or a rule is broken."""
BAD_INPUT: Final = 2
"""A fleet file, an argument or the checkout is not usable as it is. Nothing was written."""
MISSING_TOOL: Final = 3
"""The machine lacks something; `novacron doctor` says what and how to get it."""
ANSWER_LOST: Final = 4
"""The command did its work, and could not write its answer: a full disk."""
FAULT: Final = 70
"""A fault of NovaCron's own, with a traceback."""
INTERRUPTED: Final = 130
"""Stopped by Ctrl-C; the next run finishes the job."""
TERMINATED: Final = 143
"""Stopped by SIGTERM; the next run finishes the job."""
