"""The file that is sent: its identity, its holes, its blocks. Reads block; they belong in a worker thread."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.runs import Run

_IDENTITY = struct.Struct(">QQQqq")


class Source:
    """A regular file or block device opened for reading. DwcpError `io` when it cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            self._stat = os.fstat(self._file)
            if stat.S_ISREG(self._stat.st_mode):
                self.size = self._stat.st_size
            elif stat.S_ISBLK(self._stat.st_mode):
                self.size = os.lseek(self._file, 0, os.SEEK_END)
            else:
                os.close(self._file)
                raise DwcpError(ErrorCode.IO, f"{path} is no file: only files and block devices can be sent")
        except OSError as problem:
            raise DwcpError(ErrorCode.IO, f"cannot read {path}: {problem.strerror or problem}") from problem

    @property
    def mode(self) -> int:
        """Permission bits."""
        return stat.S_IMODE(self._stat.st_mode) & 0o777

    def transfer_id(self, name: str, block_size: int) -> bytes:
        """16 bytes that stay the same when the same unchanged file is sent again under the same name, so that
        both ends can be started again and go on."""
        found = self._stat
        facts = _IDENTITY.pack(self.size, found.st_dev, found.st_ino, found.st_mtime_ns, block_size)
        return blake3(facts + name.encode()).digest(16)

    def check_unchanged(self) -> None:
        """DwcpError `source-changed` if the file was written to since it was opened."""
        now = os.fstat(self._file)
        if (now.st_size, now.st_mtime_ns) != (self._stat.st_size, self._stat.st_mtime_ns):
            raise DwcpError(
                ErrorCode.SOURCE_CHANGED,
                f"{self.path} was written to while it was sent; send a snapshot, or stop what writes to it",
            )

    def holes(self, block_size: int) -> Iterator[Run]:
        """Runs of whole blocks for which the file system stores nothing: they are zero and need no read."""
        blocks = -(-self.size // block_size)
        position = 0
        while position < self.size:
            try:
                data = os.lseek(self._file, position, os.SEEK_DATA)
            except OSError:
                data = self.size
            first, last = -(-position // block_size), blocks if data >= self.size else data // block_size
            if last > first:
                yield first, last - first
            if data >= self.size:
                return
            position = os.lseek(self._file, data, os.SEEK_HOLE)

    def read(self, offset: int, into: memoryview) -> None:
        """Fill `into` from `offset` bytes on. DwcpError `source-changed` if the file ends before, `io`."""
        done = 0
        while done < len(into):
            try:
                count = os.preadv(self._file, [into[done:]], offset + done)
            except OSError as problem:
                raise DwcpError(
                    ErrorCode.IO, f"cannot read {self.path}: {problem.strerror or problem}"
                ) from problem
            if count == 0:
                raise DwcpError(
                    ErrorCode.SOURCE_CHANGED, f"{self.path} became shorter while it was sent; send it again"
                )
            done += count

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
