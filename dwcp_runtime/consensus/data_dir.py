"""The data folder of a member: what the agent knows of its disk, beside etcd's own files. Steps are synced.

| | |
|---|---|
| `disk.json` | the disk's name (its instance), and which group and member its data is of |
| `etcd/` | etcd's own data |
| `etcd.pid` | the etcd process that uses it |
| `agent.lock` | held by the one agent that works here |
| `snapshots/` | verified snapshots |
| `set-aside/` | data that must not come back by itself; the newest one is kept |
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from dwcp_runtime.consensus.bootstrap import Disk
from dwcp_runtime.consensus.view import Timings

ETCD: Final = "etcd"
SNAPSHOTS: Final = "snapshots"
_STATE: Final = "disk.json"
_ASIDE: Final = "set-aside"
_LOCK: Final = "agent.lock"


class DataDirError(Exception):
    """A folder that can't be used. The text says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What is written down about a disk. `started`: an etcd was started on it as a member that joined.
    `voters`, `learners`: the group by name, as last seen."""

    instance: str | None = None
    started: bool = False
    epoch: int | None = None
    cluster_id: int | None = None
    member_id: int | None = None
    timings: Timings | None = None
    voters: tuple[str, ...] = ()
    learners: tuple[str, ...] = ()


class DataDir:
    """One member's folder. Raises DataDirError where its files can't be used."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock: IO[str] | None = None

    @property
    def etcd(self) -> Path:
        """etcd's own data."""
        return self.root / ETCD

    @property
    def snapshots(self) -> Path:
        """Where snapshots are kept."""
        return self.root / SNAPSHOTS

    @property
    def pid_file(self) -> Path:
        """Which process uses the data."""
        return self.root / "etcd.pid"

    def open(self) -> None:
        """Make the folder and hold it for this process."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # Kept open: the lock lives as long as the file is.
            lock = (self.root / _LOCK).open("a+")
        except OSError as error:
            raise DataDirError(f"{self.root} cannot be written to: {_why(error)}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise DataDirError(
                f"{self.root} is in use by another agent: each member needs a folder of its own"
            ) from error
        self._lock = lock

    def close(self) -> None:
        """Let the folder go."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def state(self) -> State:
        """What is written down."""
        path = self.root / _STATE
        try:
            fields = json.loads(path.read_bytes())
            return _state(fields)
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, TypeError, IndexError) as error:
            raise DataDirError(
                f"{path} cannot be read ({_why(error)}): without it nobody knows whose data this is. Move "
                f"{self.root} away, and the member joins anew with an empty one"
            ) from error

    def write(self, state: State) -> None:
        """Write it down, whole or not at all."""
        timings = state.timings and [state.timings.heartbeat_ms, state.timings.election_ms]
        try:
            write_synced(
                self.root / _STATE, json.dumps({**vars(state), "timings": timings}, indent=1).encode()
            )
        except OSError as error:
            raise DataDirError(f"{self.root / _STATE} cannot be written: {_why(error)}") from error

    def update(self, **changes: Any) -> State:
        """Write down what changed; nothing is written if nothing did."""
        before = self.state()
        after = replace(before, **changes)
        if after != before:
            self.write(after)
        return after

    def disk(self) -> Disk:
        """The folder as the decision how to start sees it."""
        state = self.state()
        return Disk(
            instance=state.instance,
            has_data=self.has_log(),
            started=state.started,
            epoch=state.epoch,
            cluster_id=state.cluster_id,
            member_id=state.member_id,
        )

    def has_log(self) -> bool:
        """Whether etcd has begun a write-ahead log."""
        return any((self.etcd / "member" / "wal").glob("*.wal"))

    def name_disk(self) -> str:
        """Give an empty disk a name that no other has."""
        instance = secrets.token_hex(16)
        self.update(instance=instance)
        return instance

    def set_aside(self) -> Path | None:
        """Move etcd's data away and forget everything about it. Returns where it went, if there was any."""
        kept: Path | None = None
        try:
            if self.etcd.exists():
                folder = self.root / _ASIDE
                for old in folder.glob("*") if folder.exists() else ():
                    shutil.rmtree(old)
                folder.mkdir(exist_ok=True)
                kept = folder / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
                self.etcd.rename(kept)
                sync_folder(self.root)
        except OSError as error:
            raise DataDirError(f"{self.etcd} cannot be moved away: {_why(error)}") from error
        self.write(State())
        return kept


def write_synced(path: Path, content: bytes) -> None:
    """Put a file in place, whole or not at all, and have it on the disk when this returns."""
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have a folder's entries on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _state(fields: Any) -> State:
    if not isinstance(fields, dict):
        raise TypeError("it is no object")
    timings = fields.get("timings")
    return State(
        instance=_maybe(fields, "instance", str),
        started=bool(fields.get("started")),
        epoch=_maybe(fields, "epoch", int),
        cluster_id=_maybe(fields, "cluster_id", int),
        member_id=_maybe(fields, "member_id", int),
        timings=Timings(heartbeat_ms=int(timings[0]), election_ms=int(timings[1])) if timings else None,
        voters=tuple(map(str, fields.get("voters", ()))),
        learners=tuple(map(str, fields.get("learners", ()))),
    )


def _maybe(fields: Any, name: str, kind: type) -> Any:
    value = fields.get(name)
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name} is no {kind.__name__}")
    return value


def _why(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
