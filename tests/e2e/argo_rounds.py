"""The order in which regions get a commit, judged from snapshots of their Applications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.e2e.argo import is_settled
from tests.e2e.kubectl import Object
from tests.e2e.report import CheckError


@dataclass(kw_only=True)
class Round:
    """One part of an environment on its way to `revision`, region after region.

    Attributes:
        part: What is delivered, for messages.
        names: The regions' Applications, in the order of the fleet file.
        revision: The commit.
        begun: When each Application was first seen to be told the commit.
        done: When each was first seen to run it, Synced and Healthy.
    """

    part: str
    names: Sequence[str]
    revision: str
    begun: dict[str, float] = field(default_factory=dict)
    done: dict[str, float] = field(default_factory=dict)

    def look(self, applications: dict[str, Object], now: float) -> None:
        """Take one snapshot. CheckError if a region was begun before the one ahead of it was done."""
        for position, name in enumerate(self.names):
            application = applications.get(name)
            if application is None or _told(application) != self.revision:
                continue
            self.begun.setdefault(name, now)
            if is_settled(application, self.revision):
                self.done.setdefault(name, now)
            early = [ahead for ahead in self.names[:position] if ahead not in self.done]
            if early:
                raise CheckError(
                    f"{name} was given {self.revision[:8]} while {', '.join(early)} did not run it yet"
                )

    @property
    def over(self) -> bool:
        """Whether every region runs the commit."""
        return len(self.done) == len(self.names)

    def told(self, start: float) -> str:
        """A line of times, in seconds since `start`."""
        times = [
            f"{name} {self.begun[name] - start:.1f}-{self.done[name] - start:.1f} s" for name in self.names
        ]
        return f"{self.part}: {', '.join(times)}"


def _told(application: Object) -> str:
    revision: str = application["spec"]["source"].get("targetRevision", "")
    return revision
