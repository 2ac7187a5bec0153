"""Ctrl-C and SIGTERM as an orderly end, and an end in any case."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

from charts_py.synth.streams import remark

MESSAGE: Final = "novacron: interrupted; run the command again to finish the job"

_PATIENCE_SECONDS = 5.0
"""Longer than the tidying up takes."""


class Interrupted(KeyboardInterrupt):
    """A signal came. `code` is the exit code."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


@contextlib.contextmanager
def orderly() -> Iterator[None]:
    """In the block, both signals raise Interrupted, which lets temporary files be removed.

    Python drops an exception that a signal raises at a bad moment, for example while it releases an import
    lock, and may then wait forever. So a watch ends the process, and a second signal does so at once. That
    is as safe as `kill -9`: see `tree.publish`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    done = threading.Event()
    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        if came:
            os._exit(128 + number)
        came.append(number)
        threading.Thread(target=watch, args=(number,), daemon=True).start()
        raise Interrupted(number)

    def watch(number: int) -> None:
        if not done.wait(_PATIENCE_SECONDS):
            remark(MESSAGE)
            os._exit(128 + number)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        done.set()
        for number, handler in before.items():
            signal.signal(number, handler)
