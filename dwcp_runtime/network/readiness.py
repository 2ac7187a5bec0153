"""Whether the agent can be given work, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """The life of an agent, in its order."""

    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"


@dataclass(kw_only=True)
class Readiness:
    """Where the agent is in its life. A phase never goes back."""

    phase: Phase = Phase.STARTING

    @property
    def ready(self) -> bool:
        """Whether it takes work."""
        return self.phase is Phase.SERVING

    def serving(self) -> None:
        """It listens. Has no effect on one that already drains."""
        if self.phase is Phase.STARTING:
            self.phase = Phase.SERVING

    def draining(self) -> None:
        """It ends what runs and takes nothing new."""
        self.phase = Phase.DRAINING
