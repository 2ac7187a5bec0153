"""Writing to streams that may be closed, full, or read by nobody."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO


class AnswerLostError(Exception):
    """The answer of a command could not be written. What the command does besides has been done."""


def answer(text: str) -> None:
    """Print what a command was asked for. A reader who has seen enough is no error; a full disk is one."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        raise AnswerLostError(f"the answer could not be written: {error.strerror}") from error


def remark(text: str, stream: TextIO | None = None, *, end: str = "\n") -> None:
    """Print on standard error, or `stream`, what may get lost: no run fails for it."""
    stream = stream or sys.stderr
    try:
        print(text, file=stream, end=end, flush=True)
    except (OSError, ValueError):
        _silence(stream)


def prepare() -> None:
    """Open what the caller closed, so that no file takes its number, and let no character be unprintable."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _silence(stream: TextIO) -> None:
    """Point a stream nowhere: what is left in its buffer would fail once more when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
