"""When to try a lost connection again: pure, the clock comes in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Pauses that double from `first` to `longest` seconds, for at most `patience` seconds without progress.

    `since` is when progress was last seen, `tries` how often it has failed since then.
    """

    first: float = 0.1
    longest: float = 5.0
    patience: float = 60.0
    since: float
    tries: int = 0

    def failed(self, now: float) -> tuple[Backoff, float | None]:
        """After a failure at `now`: the next state and the pause in seconds, or None when patience is
        over."""
        pause = min(self.longest, self.first * 2**self.tries)
        later = Backoff(
            first=self.first,
            longest=self.longest,
            patience=self.patience,
            since=self.since,
            tries=min(self.tries + 1, 30),
        )
        left = self.since + self.patience - now
        return later, None if left <= 0 else min(pause, left)

    def progressed(self, now: float) -> Backoff:
        """After progress at `now`."""
        return Backoff(first=self.first, longest=self.longest, patience=self.patience, since=now)
