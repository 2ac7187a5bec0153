"""A volume that can be full."""

from __future__ import annotations

import errno
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BALLAST = "ballast"


@contextmanager
def small(folder: Path, mebibytes: int) -> Iterator[None]:
    """Make `folder`, with what is in it, a file system of its own; nobody may use it at the ends."""
    kept = folder.with_name(f"{folder.name}-kept")
    folder.rename(kept)
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder))
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        shutil.rmtree(kept)
        yield
        shutil.copytree(folder, kept)
    finally:
        _run("umount", "-l", str(folder))
        if kept.exists():
            folder.rmdir()
            kept.rename(folder)


def fill(folder: Path) -> int:
    """Leave no room at all; how many bytes that took."""
    with (folder / _BALLAST).open("wb", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        return ballast.tell()


def make_room(folder: Path) -> None:
    """Undo `fill`."""
    (folder / _BALLAST).unlink()


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
