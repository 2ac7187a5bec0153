"""How a command tells that it could not do what was asked."""

from __future__ import annotations

import sys

from dwcp_runtime.cli import runtime_exit_codes as exit_codes


def fail(message: str, code: int = exit_codes.BAD_INPUT) -> int:
    """One message on standard error; returns `code`. A reader that is gone changes nothing."""
    try:
        print(message, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return code
    return code
