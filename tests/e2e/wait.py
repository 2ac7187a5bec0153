"""Waiting for something that other processes bring about."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

INTERVAL_SECONDS = 0.25


class NotInTimeError(Exception):
    """What was waited for did not happen; the message says what was seen last."""


def until(
    what: str,
    look: Callable[[], Found | None],
    *,
    seconds: float,
    seen: Callable[[], str] = lambda: "",
    interval: float = INTERVAL_SECONDS,
) -> Found:
    """Look until there is something to see, and return it.

    Args:
        what: What is waited for, for the error.
        look: Returns what was found, or None or False to be asked again.
        seconds: How long at most.
        seen: Called once on failure: what there is instead.
        interval: Seconds between two looks.

    Raises:
        NotInTimeError: It did not happen within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        if time.monotonic() >= deadline:
            last = seen()
            raise NotInTimeError(f"{what}: not within {seconds:.0f} s" + (f"\n{last}" if last else ""))
        time.sleep(interval)
