"""Whether a path loses packets by itself, and not because the queue before its narrowest link is full. Pure.

BBR does not slow down for such loss, but it ends its start early: a stream in recovery sends no more than
arrives, and three round trips without growth are taken for the path's rate. From there it grows by a quarter
in eight round trips. More streams begin together from more.
"""

from __future__ import annotations

from typing import Final

SHARE: Final = 0.003
"""Of the bytes that were sent, from which on loss is worth more streams."""

LEAST: Final = 20 * 1448
"""Bytes sent again that are enough to tell: twenty packets."""


class RandomLoss:
    """Feed it what was sent and sent again from look to look, in bytes. `seen` stays once it is."""

    def __init__(self) -> None:
        self.seen = False
        self._sent = 0
        self._again = 0

    def look(self, sent: int, again: int, *, queued: bool) -> bool:
        """Whether it has been seen. Nothing is learned while packets wait in a queue, which may be full."""
        if not queued:
            self._sent += sent
            self._again += again
            self.seen = self.seen or self._again >= max(LEAST, SHARE * self._sent)
        return self.seen
