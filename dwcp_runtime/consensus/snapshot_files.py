"""The snapshots in a folder: what each is, which one is the newest, which ones have had their time.

Beside `NAME.db` lies `NAME.json`, which is written last: a snapshot without it was never finished.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dwcp_runtime.consensus.data_dir import write_synced
from dwcp_runtime.consensus.status_document import SnapshotStatus

KEPT_COUNT: Final = 24
"""Snapshots of a member at most: a day of the hourly ones."""

KEPT_SECONDS: Final = 7 * 24 * 3600
"""Older ones go, the newest excepted: the hourly backups are kept as long."""


@dataclass(frozen=True, kw_only=True)
class StoredSnapshot:
    """A finished snapshot. `epoch`: of the group that it was taken of; `member`: by name."""

    status: SnapshotStatus
    path: Path
    epoch: int
    member: str

    @property
    def description(self) -> Path:
        """The file beside it."""
        return self.path.with_suffix(".json")

    def write(self) -> None:
        """Say that it is finished."""
        fields = {**vars(self.status), "epoch": self.epoch, "member": self.member}
        write_synced(self.description, json.dumps(fields, indent=1).encode())


def stored(folder: Path) -> tuple[StoredSnapshot, ...]:
    """Every finished snapshot, oldest first. What can't be read is left out."""
    found = []
    for description in folder.glob("*.json"):
        try:
            fields: Any = json.loads(description.read_bytes())
            snapshot = StoredSnapshot(
                status=SnapshotStatus(
                    name=str(fields["name"]),
                    taken_at=int(fields["taken_at"]),
                    revision=int(fields["revision"]),
                    size_bytes=int(fields["size_bytes"]),
                    sha256=str(fields["sha256"]),
                ),
                path=description.with_suffix(".db"),
                epoch=int(fields["epoch"]),
                member=str(fields["member"]),
            )
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if snapshot.path.is_file():
            found.append(snapshot)
    return tuple(sorted(found, key=lambda each: (each.status.taken_at, each.status.name)))


def expired(snapshots: Iterable[StoredSnapshot], *, now: float) -> tuple[StoredSnapshot, ...]:
    """Those to delete: beyond the count, or too old. Never the newest one."""
    ordered = sorted(snapshots, key=lambda each: (each.status.taken_at, each.status.name), reverse=True)
    return tuple(
        snapshot
        for place, snapshot in enumerate(ordered)
        if place > 0 and (place >= KEPT_COUNT or now - snapshot.status.taken_at > KEPT_SECONDS)
    )
