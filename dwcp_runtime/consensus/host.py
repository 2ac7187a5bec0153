"""What the HTTP API asks of the agent behind it."""

from __future__ import annotations

from typing import Protocol

from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.status_document import GroupStatus, SnapshotStatus


class RefusedError(Exception):
    """Something that the agent does not do; the message says why, `allowed` what it would do instead."""

    def __init__(self, reason: str, *, allowed: str) -> None:
        super().__init__(reason)
        self.allowed = allowed


class Host(Protocol):
    """The agent, as its API sees it."""

    @property
    def gateway(self) -> Gateway:
        """The own member. It may be down, or not started yet."""

    def status(self) -> GroupStatus:
        """What is known now, without asking anybody: answers at once."""

    async def want_voters(self, voters: int) -> None:
        """Remember the wish for so many voters in the group; it is acted upon later. Even and out-of-range
        numbers are refused. Raises RefusedError, or what the gateway raises where the group can't take it."""

    async def snapshot(self) -> SnapshotStatus:
        """Take one and verify it. One at a time: another call meanwhile gets the same. Raises RefusedError,
        or OSError when the disk doesn't take it."""
