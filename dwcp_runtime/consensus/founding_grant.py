"""The grant to found a group, as a file outside of every member's data: made once, never made again.

In a cluster it is a Lease instead: see `lease_grant`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Protocol

from dwcp_runtime.consensus.bootstrap import Grant, GrantState
from dwcp_runtime.consensus.data_dir import sync_folder, write_synced


class GrantError(Exception):
    """The grant can't be taken or written. The text says why."""


class GrantStore(Protocol):
    """Where the grant is kept."""

    async def read(self) -> Grant:
        """What is known of it; never raises."""

    async def take(self, instance: str) -> None:
        """Create it for `instance`. Nothing happens if somebody has it. Raises GrantError."""

    async def record(self, *, holder: str, epoch: int) -> None:
        """Write that the group of `epoch` lives; creates the grant if it is gone. Raises GrantError."""


class NoGrant:
    """Nobody has said where the grant is: this member founds nothing."""

    async def read(self) -> Grant:
        """See GrantStore."""
        return Grant(state=GrantState.UNUSED)

    async def take(self, instance: str) -> None:
        """See GrantStore."""
        raise GrantError("no founding grant was named")

    async def record(self, *, holder: str, epoch: int) -> None:
        """See GrantStore."""


class FileGrant:
    """The grant as a file, for groups that are started by hand."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> Grant:
        """See GrantStore."""
        try:
            return parse(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return Grant(state=GrantState.ABSENT)
        except (OSError, ValueError, TypeError) as error:
            return Grant(state=GrantState.UNKNOWN, problem=f"{self._path} cannot be read: {error}")

    async def take(self, instance: str) -> None:
        """See GrantStore."""
        content = json.dumps({"holder": instance, "epoch": 1, "founded": False}).encode()
        # Linked into place: a name that exists already is never replaced, and never seen half written.
        new = self._path.with_name(f".{self._path.name}.{instance}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_synced(new, content)
            try:
                os.link(new, self._path)
            except FileExistsError:
                return
            finally:
                new.unlink()
            sync_folder(self._path.parent)
        except OSError as error:
            raise GrantError(f"{self._path} cannot be made: {error.strerror}") from error

    async def record(self, *, holder: str, epoch: int) -> None:
        """See GrantStore."""
        content = json.dumps({"holder": holder, "epoch": epoch, "founded": True}).encode()
        try:
            write_synced(self._path, content)
        except OSError as error:
            raise GrantError(f"{self._path} cannot be written: {error.strerror}") from error


def parse(fields: Any) -> Grant:
    """A grant that was written down. TypeError for anything else."""
    if not isinstance(fields, dict):
        raise TypeError("it is no grant")
    holder, epoch, founded = (fields.get(name) for name in ("holder", "epoch", "founded"))
    if not isinstance(holder, str) or not isinstance(epoch, int) or not isinstance(founded, bool):
        raise TypeError("it is no grant")
    return Grant(state=GrantState.GIVEN, holder=holder, epoch=epoch, founded=founded)
