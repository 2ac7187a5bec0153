"""What the exit code of `dwcp-runtime` means, the same for every role."""

from __future__ import annotations

from typing import Final

OK: Final = 0
"""Ended by a signal, and everything that ran had ended before."""
BAD_INPUT: Final = 2
"""An argument, the configuration, a certificate or the token cannot be used. Nothing was begun."""
NO_PORT: Final = 3
"""A port cannot be had: another process has it, or the address is not this machine's."""
CUT: Final = 4
"""The grace period ended while transfers still ran. They go on where they stopped, with the next agent."""
FAULT: Final = 70
"""A fault of NovaCron's own, with a traceback in the log."""
DROPPED: Final = 143
"""A second signal came: ended at once."""
