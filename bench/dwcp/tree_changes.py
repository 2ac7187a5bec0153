"""What differs between two file trees, as commands for debugfs: how a living disk gets from one to the other,
with everything that stays in its place."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def commands(old: Path, new: Path) -> Iterator[str]:
    """For `debugfs -w -f`, in order. Regular files, folders and symbolic links; what has the same size, mode
    and modification time counts as the same. Paths with a quote or a line break are left out: debugfs has no
    spelling for them."""
    yield from _folder(old, new, Path())


def _folder(old: Path, new: Path, path: Path) -> Iterator[str]:
    before, after = _names(old / path), _names(new / path)
    yield f"cd {_quoted(Path('/') / path)}"
    for name in sorted(before):
        if name not in after or _changed(before[name], after[name], old / path / name, new / path / name):
            if stat.S_ISDIR(before[name].st_mode):
                continue
            yield f"rm {_quoted(name)}"
    for name, status in sorted(after.items()):
        known = before.get(name)
        source = new / path / name
        if known is not None and not _changed(known, status, old / path / name, source):
            continue
        if stat.S_ISLNK(status.st_mode):
            yield f"symlink {_quoted(name)} {_quoted(source.readlink())}"
        elif stat.S_ISREG(status.st_mode):
            yield f"write {_quoted(source)} {_quoted(name)}"
        elif stat.S_ISDIR(status.st_mode) and known is None:
            yield f"mkdir {_quoted(name)}"
    for name, status in sorted(after.items()):
        if stat.S_ISDIR(status.st_mode):
            yield from _folder(old, new, path / name)


def _names(folder: Path) -> dict[str, os.stat_result]:
    if folder.is_symlink() or not folder.is_dir():
        return {}
    return {
        entry.name: entry.stat(follow_symlinks=False)
        for entry in os.scandir(folder)
        if not set(entry.name) & set('"\n')
    }


def _changed(before: os.stat_result, after: os.stat_result, old: Path, new: Path) -> bool:
    if stat.S_IFMT(before.st_mode) != stat.S_IFMT(after.st_mode):
        return True
    if stat.S_ISLNK(after.st_mode):
        return old.readlink() != new.readlink()
    return stat.S_ISREG(after.st_mode) and (
        (before.st_size, before.st_mode, int(before.st_mtime))
        != (after.st_size, after.st_mode, int(after.st_mtime))
    )


def _quoted(text: object) -> str:
    return f'"{text}"'
