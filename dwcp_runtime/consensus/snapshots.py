"""Snapshots of the own member: taken, verified twice, kept by count and age."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dwcp_runtime.consensus import snapshot_files
from dwcp_runtime.consensus.data_dir import sync_folder
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.snapshot_files import StoredSnapshot
from dwcp_runtime.consensus.status_document import SnapshotStatus

DIGEST_BYTES: Final = 32
"""etcd sends the database, and then the SHA-256 of it."""

PAGE_BYTES: Final = 512
"""The database's size is a multiple of that; etcdutl takes the rest for the digest."""


class SnapshotError(Exception):
    """No snapshot came about. The text says why; nothing of it is left on the disk."""


class Snapshots:
    """The snapshots of one member in `folder`. One is taken at a time."""

    def __init__(
        self, folder: Path, *, gateway: Gateway, etcdutl: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._gateway = gateway
        self._etcdutl = etcdutl
        self._clock = clock
        self._running: asyncio.Task[StoredSnapshot] | None = None
        self._newest: StoredSnapshot | None = None

    def read(self) -> None:
        """Look at what is in the folder."""
        self._newest = next(reversed(snapshot_files.stored(self._folder)), None)

    @property
    def newest(self) -> SnapshotStatus | None:
        """The last one that was taken and is still there."""
        return self._newest.status if self._newest is not None else None

    @property
    def age(self) -> float | None:
        """Seconds since then."""
        return max(0.0, self._clock() - self._newest.status.taken_at) if self._newest is not None else None

    async def take(self, *, member: str, epoch: int) -> SnapshotStatus:
        """Take one, or wait for the one that is being taken. Raises SnapshotError, GatewayError, OSError."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._take(member, epoch))
        # Whoever gives up waiting must not end it for the others.
        taken = await asyncio.shield(self._running)
        return taken.status

    async def close(self) -> None:
        """End what runs."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _take(self, member: str, epoch: int) -> StoredSnapshot:
        self._folder.mkdir(exist_ok=True)
        for left in self._folder.glob(".*.new"):
            left.unlink()
        taken_at = int(self._clock())
        new = self._folder / f".{member}-{taken_at}.new"
        try:
            size, digest = await self._receive(new)
            revision = await self._verified_revision(new)
            stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(taken_at))
            name = f"{member}-{stamp}-r{revision}"
            path = self._folder / f"{name}.db"
            new.replace(path)
            sync_folder(self._folder)
        finally:
            new.unlink(missing_ok=True)
        status = SnapshotStatus(
            name=path.name, taken_at=taken_at, revision=revision, size_bytes=size, sha256=digest
        )
        taken = StoredSnapshot(status=status, path=path, epoch=epoch, member=member)
        taken.write()
        self._newest = taken
        for old in snapshot_files.expired(snapshot_files.stored(self._folder), now=self._clock()):
            old.description.unlink(missing_ok=True)
            old.path.unlink(missing_ok=True)
        return taken

    async def _receive(self, path: Path) -> tuple[int, str]:
        """Write what etcd sends; returns the file's size and SHA-256, the digest at its end checked."""
        whole, body, tail, size = hashlib.sha256(), hashlib.sha256(), b"", 0
        with path.open("wb") as file:
            async for piece in self._gateway.snapshot():
                # Files don't wait long, and hashing a piece of 32 kB takes 0.1 ms.
                file.write(piece)
                whole.update(piece)
                size += len(piece)
                tail += piece
                body.update(tail[:-DIGEST_BYTES])
                tail = tail[-DIGEST_BYTES:]
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        if size % PAGE_BYTES != DIGEST_BYTES or body.digest() != tail:
            raise SnapshotError(f"the snapshot came in damaged or cut short, after {size} bytes")
        return size, whole.hexdigest()

    async def _verified_revision(self, path: Path) -> int:
        """The store's revision, as the program that would restore it reads it."""
        process = await asyncio.create_subprocess_exec(
            str(self._etcdutl),
            "snapshot",
            "status",
            str(path),
            "--write-out=json",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        told, problem = await process.communicate()
        if process.returncode != 0:
            raise SnapshotError(
                f"etcdutl does not accept it: {problem.decode(errors='replace').strip()[-300:]}"
            )
        try:
            return int(json.loads(told)["revision"])
        except (ValueError, KeyError, TypeError) as error:
            raise SnapshotError(f"etcdutl says nothing of its revision: {told[:200]!r}") from error
