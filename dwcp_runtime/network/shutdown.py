"""How an agent ends: a decision core. Signals, the time and idleness go in, what to do comes out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What the agent does next."""

    WAIT = "wait"
    DRAIN = "drain"
    """Take nothing new, say so to who comes, let run what runs."""
    CUT = "cut"
    """Cancel what runs, tell its senders, and end. It can be taken up again where it stopped."""
    END = "end"
    """Nothing runs: end."""
    DROP = "drop"
    """End at once, whatever runs."""


@dataclass(kw_only=True)
class Shutdown:
    """The end of one agent. `grace`: seconds from the first signal after which what still runs is cut."""

    grace: float
    _since: float | None = None
    _over: bool = False

    @property
    def begun(self) -> bool:
        """Whether a signal came."""
        return self._since is not None

    def signalled(self, now: float) -> Step:
        """SIGTERM or SIGINT came: the first drains, the second ends at once."""
        if self._over:
            return Step.WAIT
        if self._since is None:
            self._since = now
            return Step.DRAIN
        self._over = True
        return Step.DROP

    def idle(self) -> Step:
        """Nothing runs any more."""
        if self._since is None or self._over:
            return Step.WAIT
        self._over = True
        return Step.END

    def tick(self, now: float) -> Step:
        """Time has passed."""
        if self._since is None or self._over or now - self._since < self.grace:
            return Step.WAIT
        self._over = True
        return Step.CUT
