"""Where an incoming file grows until it is whole: a stage, its journal, and the rename that makes it visible.

    ROOT/NAME                          only ever a whole, verified file
    ROOT/.dwcp/incoming/<id>.part      the bytes so far
    ROOT/.dwcp/incoming/<id>.journal   which blocks of it are durable
    ROOT/.dwcp/incoming/<id>.done      the journal of what was last published under that name

Methods that touch blocks are called from worker threads; the book-keeping is under one lock.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from blake3 import blake3

from dwcp_runtime.encoding.block_digest import DIGEST_BYTES, digest, root, zero_digest
from dwcp_runtime.transport import journal
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.runs import Run, runs_of
from dwcp_runtime.transport.target_name import RESERVED, components

INCOMING: Final = f"{RESERVED}/incoming"
MAX_BLOCKS: Final = 1 << 24
"""Blocks of one file: the book of a stage takes 18 bytes of memory for each, and a peer names the number."""

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a sender wants to store: its id of the transfer, the name, sizes in bytes, permission bits."""

    transfer: bytes
    name: str
    size: int
    block_size: int
    mode: int

    @property
    def blocks(self) -> int:
        """How many blocks the file has; the last may be short."""
        return -(-self.size // self.block_size)


class Staging:
    """One file on its way in. `open` takes up what an earlier run left, if it is of the same transfer."""

    def __init__(self, base: Path, wanted: Wanted, *, files: tuple[int, int], resumed: bool) -> None:
        self.wanted = wanted
        self.digests = bytearray(DIGEST_BYTES * wanted.blocks)
        self.published = False
        self._base = base
        self._part, self._journal = files
        self._fresh = not resumed
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._broken: DwcpError | None = None
        self._stored = bytearray(wanted.blocks)
        self._durable = bytearray(wanted.blocks)
        self._unsynced: list[tuple[int, int, bytes]] = []
        self._unsynced_bytes = 0
        self._end = 0

    @classmethod
    def open(
        cls, folder: Path, wanted: Wanted, *, heard: Callable[[int], None] = lambda done: None
    ) -> Staging:
        """Begin or take up a stage; blocks. `heard` is told how many blocks were verified so far; what it
        raises ends the opening.

        DwcpError: `bad-name`, `limit`, `busy` while another receiver holds the stage, `no-space`, `io`.
        """
        components(wanted.name)
        if wanted.blocks > MAX_BLOCKS:
            raise DwcpError(
                ErrorCode.LIMIT,
                f"{wanted.name} has {wanted.blocks} blocks, allowed are {MAX_BLOCKS}; send it in larger ones",
            )
        try:
            with ExitStack() as opened:
                self = cls._open(folder, wanted, heard, opened)
                opened.pop_all()
        except OSError as problem:
            raise disk_error(problem, wanted.name) from problem
        return self

    @classmethod
    def _open(cls, folder: Path, wanted: Wanted, heard: Callable[[int], None], opened: ExitStack) -> Staging:
        incoming = folder / INCOMING
        name_hash = blake3(wanted.name.encode()).digest()
        base = incoming / name_hash[:16].hex()
        incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        ledger = os.open(f"{base}.journal", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        opened.callback(os.close, ledger)
        try:
            fcntl.flock(ledger, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it before may have removed it on leaving.
            free = os.fstat(ledger).st_nlink > 0
        except BlockingIOError:
            free = False
        if not free:
            raise DwcpError(ErrorCode.BUSY, f"{wanted.name} is being received already", retryable=True)
        stage = journal.Stage(
            transfer=wanted.transfer, size=wanted.size, block_size=wanted.block_size, name_hash=name_hash
        )
        if found := cls._published_before(folder, base, stage, wanted, ledger, heard):
            return found
        data = Path(f"{base}.journal").read_bytes()
        resumed = journal.read_header(data) == stage
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | (0 if resumed else os.O_TRUNC)
        with suppress(FileNotFoundError):
            # A publication that was cut short may have left the bits of a file that nobody may write to.
            Path(f"{base}.part").chmod(0o600)
        part = os.open(f"{base}.part", flags, 0o600)
        opened.callback(os.close, part)
        self = cls(base, wanted, files=(part, ledger), resumed=resumed)
        os.ftruncate(part, wanted.size)
        if resumed:
            os.ftruncate(ledger, self._take_up(data, heard))
        else:
            os.ftruncate(ledger, 0)
            os.pwrite(ledger, journal.header(stage), 0)
            os.fsync(ledger)
        self._end = os.fstat(ledger).st_size
        return self

    @classmethod
    def _published_before(
        cls,
        folder: Path,
        base: Path,
        stage: journal.Stage,
        wanted: Wanted,
        ledger: int,
        heard: Callable[[int], None],
    ) -> Staging | None:
        """The file itself, if this very transfer was published and is untouched: the sender may have missed
        the news."""
        try:
            data = Path(f"{base}.done").read_bytes()
            if journal.read_header(data) != stage:
                return None
            file = os.open(folder.joinpath(*components(wanted.name)), _READ)
        except OSError:
            return None
        self = cls(base, wanted, files=(file, ledger), resumed=True)
        if os.fstat(file).st_size == wanted.size:
            self._take_up(data, heard)
        self.published = not self.missing and os.fstat(file).st_size == wanted.size
        if not self.published:
            os.close(file)
            return None
        return self

    def _take_up(self, data: bytes, heard: Callable[[int], None]) -> int:
        """Believe a record only if the bytes on disk are what it says. How long the journal is good."""
        good = journal.HEADER_SIZE
        done = 0
        for entry in journal.read_records(data, blocks=self.wanted.blocks):
            good += journal.RECORD_SIZE
            for index in range(entry.start, entry.start + entry.count):
                self._durable[index] = self._stored[index] = self._holds(index, entry.digest)
                self.digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES] = entry.digest
                done += 1
            heard(done)
        return good

    def _holds(self, index: int, expected: bytes) -> bool:
        length = self.length(index)
        if expected == zero_digest(length) and self._is_hole(index):
            return True
        return digest(os.pread(self._part, length, index * self.wanted.block_size)) == expected

    def _is_hole(self, index: int) -> bool:
        begin = index * self.wanted.block_size
        try:
            return os.lseek(self._part, begin, os.SEEK_DATA) >= begin + self.length(index)
        except OSError:
            return True

    def length(self, index: int) -> int:
        """Bytes of a block."""
        return min(self.wanted.block_size, self.wanted.size - index * self.wanted.block_size)

    @property
    def missing(self) -> int:
        """Blocks that were not stored yet."""
        return self._stored.count(0)

    def durable(self) -> list[tuple[int, bytes]]:
        """The blocks that are on disk, with their digests: what a resuming sender need not send."""
        return [
            (index, bytes(self.digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]))
            for index, on_disk in enumerate(self._durable)
            if on_disk
        ]

    def store(self, index: int, data: memoryview, content: bytes) -> None:
        """Write a verified block; `content` is its digest. DwcpError `no-space` or `io`."""
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._part, data[written:], index * self.wanted.block_size + written)
        except OSError as problem:
            raise disk_error(problem, self.wanted.name) from problem
        self._note(index, 1, content, len(data))

    def store_zeros(self, start: int, count: int) -> None:
        """Blocks of zeros: nothing is written where the stage has a hole anyway."""
        try:
            for index in range(start, start + count) if not self._fresh else ():
                if not self._is_hole(index):
                    os.pwrite(self._part, bytes(self.length(index)), index * self.wanted.block_size)
        except OSError as problem:
            raise disk_error(problem, self.wanted.name) from problem
        last = self.wanted.blocks - 1
        if start + count - 1 == last and self.length(last) != self.wanted.block_size:
            self._note(last, 1, zero_digest(self.length(last)), 0)
            count -= 1
        if count:
            self._note(start, count, zero_digest(self.wanted.block_size), 0)

    def _note(self, start: int, count: int, content: bytes, written: int) -> None:
        with self._lock:
            self._stored[start : start + count] = b"\x01" * count
            self.digests[start * DIGEST_BYTES : (start + count) * DIGEST_BYTES] = content * count
            self._unsynced.append((start, count, content))
            self._unsynced_bytes += written

    @property
    def unsynced(self) -> int:
        """Bytes written since the last sync."""
        return self._unsynced_bytes

    @property
    def has_unsynced(self) -> bool:
        """Whether a sync would make blocks durable."""
        return bool(self._unsynced)

    def sync(self) -> list[Run]:
        """Make what was stored so far durable, bytes before records; the blocks that now are, as runs.
        DwcpError `no-space` or `io`."""
        with self._syncing:
            return self._sync()

    def _sync(self) -> list[Run]:
        with self._lock:
            batch, self._unsynced, self._unsynced_bytes = self._unsynced, [], 0
        if not batch:
            return []
        if self._broken is not None:
            # After a failure the kernel forgets which pages it could not write: a success means nothing now.
            raise self._broken
        try:
            os.fdatasync(self._part)
            records = b"".join(
                journal.record(journal.Record(start=start, count=count, digest=content))
                for start, count, content in batch
            )
            os.pwrite(self._journal, records, self._end)
            self._end += len(records)
            os.fdatasync(self._journal)
        except OSError as problem:
            self._broken = disk_error(problem, self.wanted.name)
            raise self._broken from problem
        for start, count, _ in batch:
            self._durable[start : start + count] = b"\x01" * count
        return _joined(batch)

    def publish(self, expected: bytes) -> Path:
        """Check the root and give the file its name. Whole or not at all, also across a power cut.

        DwcpError `root-mismatch`, `bad-name` if a component of the name is a link, `io`.
        """
        wanted = self.wanted
        if self.missing or root(wanted.size, wanted.block_size, self.digests) != expected:
            raise DwcpError(
                ErrorCode.ROOT_MISMATCH,
                f"{wanted.name}: what arrived is not what the sender sent; nothing was published",
            )
        if self.published:
            return self._base.parent.parent.parent.joinpath(*components(wanted.name))
        self.sync()
        *folders, last = components(wanted.name)
        try:
            os.fchmod(self._part, stat.S_IMODE(wanted.mode) & 0o777)
            os.fsync(self._part)
            with ExitStack() as opened:
                here = _folder(self._base.parent.parent.parent, folders, opened)
                self._keep_journal()
                os.rename(f"{self._base}.part", last, dst_dir_fd=here)
                os.fsync(here)
        except OSError as problem:
            raise disk_error(problem, wanted.name) from problem
        self.published = True
        return self._base.parent.parent.parent.joinpath(*components(wanted.name))

    def _keep_journal(self) -> None:
        """Let a sender that misses the news be told again. This comes before the rename, so that it is there
        if the process ends right after it; that it is of no file yet is found out by the file's content."""
        with suppress(OSError):
            fresh = Path(f"{self._base}.new")
            fresh.write_bytes(os.pread(self._journal, self._end, 0))
            fresh.replace(f"{self._base}.done")

    def close(self) -> None:
        """Let go of the files; the stage stays for the next run."""
        if self.published:
            Path(f"{self._base}.journal").unlink(missing_ok=True)
        os.close(self._part)
        os.close(self._journal)

    def discard(self) -> None:
        """Remove the stage: the transfer will not be taken up again."""
        for kind in ("part", "journal"):
            Path(f"{self._base}.{kind}").unlink(missing_ok=True)


def _folder(base: Path, folders: Iterable[str], opened: ExitStack) -> int:
    """An open descriptor of the folder to publish into, made if it is missing. Links are not followed."""
    here = os.open(base, _READ | os.O_DIRECTORY)
    opened.callback(os.close, here)
    for folder in folders:
        try:
            os.mkdir(folder, 0o755, dir_fd=here)
            os.fsync(here)
        except FileExistsError:
            pass
        here = os.open(folder, _READ | os.O_DIRECTORY, dir_fd=here)
        opened.callback(os.close, here)
    return here


def _joined(batch: Iterable[tuple[int, int, bytes]]) -> list[Run]:
    """Runs of a batch; long runs of zeros are not spelt out block by block."""
    single = [start for start, count, _ in batch if count == 1]
    return runs_of(single) + [(start, count) for start, count, _ in batch if count > 1]


def disk_error(problem: OSError, name: str) -> DwcpError:
    """An operating system's error as one that the peer understands."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return DwcpError(
            ErrorCode.NO_SPACE, f"no space left for {name}; free some and send again: it goes on from there"
        )
    if problem.errno in (errno.ELOOP, errno.ENOTDIR):
        return DwcpError(ErrorCode.BAD_NAME, f"{name}: a folder in it is a link or a file")
    return DwcpError(ErrorCode.IO, f"{name}: {problem.strerror or problem}")
