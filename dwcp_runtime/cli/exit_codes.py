"""What the exit code of `dwcp` means: one for each thing that a caller would do next."""

from __future__ import annotations

from typing import Final

from dwcp_runtime.transport.errors import ErrorCode

OK: Final = 0
BAD_INPUT: Final = 2
"""An argument, the source or the name is not usable as it is."""
UNREACHABLE: Final = 3
"""The peer cannot be reached, went away, or is busy: the same command may work later, and goes on."""
REFUSED: Final = 4
"""Certificates: one side does not accept the other."""
NO_SPACE: Final = 5
"""The receiver's disk is full or failed; the same command goes on when that is mended."""
NOT_WHOLE: Final = 6
"""What arrived is not what was sent, or the source was written to meanwhile. Nothing was published."""
PROTOCOL: Final = 7
"""The two ends do not speak the same protocol."""
FAULT: Final = 70
"""A fault of DWCP's own."""
INTERRUPTED: Final = 130
"""Stopped by Ctrl-C or SIGTERM; the same command goes on where this one stopped."""

_OF: Final = {
    ErrorCode.BAD_NAME: BAD_INPUT,
    ErrorCode.UNAUTHORISED: REFUSED,
    ErrorCode.NO_SPACE: NO_SPACE,
    ErrorCode.ROOT_MISMATCH: NOT_WHOLE,
    ErrorCode.SOURCE_CHANGED: NOT_WHOLE,
    ErrorCode.CORRUPT: NOT_WHOLE,
    ErrorCode.NOT_DWCP: PROTOCOL,
    ErrorCode.VERSION: PROTOCOL,
    ErrorCode.MALFORMED: PROTOCOL,
    ErrorCode.OVERSIZED: PROTOCOL,
    ErrorCode.INTERNAL: FAULT,
    ErrorCode.CANCELLED: INTERRUPTED,
}


def of(code: ErrorCode, *, from_peer: bool) -> int:
    """The exit code for an error; a disk that failed is ours to mend here, the receiver's otherwise."""
    if code is ErrorCode.IO:
        return NO_SPACE if from_peer else BAD_INPUT
    return _OF.get(code, UNREACHABLE)


TABLE: Final = f"""exit codes:
  {OK}    done: the receiver has the whole file under its name
  {BAD_INPUT}    an argument, the source or the name is not usable
  {UNREACHABLE}    the peer cannot be reached, went away or is busy; try again, it goes on where it was
  {REFUSED}    one side does not accept the other's certificate
  {NO_SPACE}    the receiver's disk is full or failed
  {NOT_WHOLE}    the source changed, or what arrived is not what was sent; nothing was published
  {PROTOCOL}    the peer speaks another protocol or version
  {FAULT}   a fault of dwcp itself
  {INTERRUPTED}  interrupted"""
