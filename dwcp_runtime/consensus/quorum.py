"""How many failures a group survives, and whether a step may be taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from charts_py.contract.dwcp import quorum
from dwcp_runtime.consensus.view import Member


@dataclass(frozen=True, kw_only=True)
class Strength:
    """The voters of a group and how many of them answer."""

    voters: int
    healthy: int

    @classmethod
    def of(cls, voters: Iterable[Member]) -> Self:
        """Counts voters; one that doesn't answer isn't healthy."""
        answers = [voter.reachable for voter in voters]
        return cls(voters=len(answers), healthy=sum(answers))

    @property
    def tolerance(self) -> int:
        """How many healthy voters may still fail before the group stops. Below 0 it has stopped."""
        return self.healthy - quorum(self.voters)

    @property
    def holds(self) -> bool:
        """Whether a quorum answers."""
        return self.voters > 0 and self.tolerance >= 0

    def with_one_more(self, *, healthy: bool) -> Strength:
        """After one more voter."""
        return Strength(voters=self.voters + 1, healthy=self.healthy + healthy)

    def with_one_less(self, *, healthy: bool) -> Strength:
        """After the loss of one voter, who was healthy or not."""
        return Strength(voters=self.voters - 1, healthy=self.healthy - healthy)


def step_refusal(before: Strength, after: Strength, *, target: int) -> str | None:
    """Why the group may not go from `before` to `after` on its way to `target` voters, or None if it may.

    A step counts as if it took effect at once. It may be taken while a quorum stands and if one more failure
    is survived after it. That much is asked of no group which doesn't survive a failure before the step
    (three voters, one of them dead, whose dead one is replaced), nor on the way to a target which survives
    none when it is whole (one voter, and two on the way there).
    """
    if not before.holds:
        return f"{before.healthy} of {before.voters} voters answer, which is no quorum"
    required = min(1, before.tolerance, Strength(voters=target, healthy=target).tolerance)
    if after.tolerance >= required:
        return None
    if after.tolerance < 0:
        return f"{after.healthy} healthy voters of {after.voters} would be no quorum"
    return f"{after.healthy} healthy voters of {after.voters} would not survive one more failure"
