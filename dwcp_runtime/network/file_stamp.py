"""Whether files have been exchanged, without reading them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

Stamp = tuple[tuple[int, int, int, int] | None, ...]
"""Device, inode, time of change in ns and size of each file, None where there is none."""


def stamp(paths: Sequence[Path]) -> Stamp:
    """The stamp of files, behind links. Kubernetes exchanges a mounted ConfigMap or Secret by turning one
    link (`..data`) to a new folder: the files behind the same paths are then others."""
    return tuple(_of(path) for path in paths)


def _of(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
