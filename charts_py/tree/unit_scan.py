"""What lies in a published folder, seen without opening a file and without following a link."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from charts_py.tree.ownership_index import INDEX_NAME
from charts_py.tree.tree_error import TreeError

TEMPORARY_PREFIX = ".novacron-tmp-"
"""Starts the names of files under way. Whatever bears such a name is ours to remove: a killed run left it."""


class UnitError(TreeError):
    """A published folder cannot be read as it is."""


@dataclass(frozen=True, kw_only=True)
class UnitScan:
    """A unit on disk. Paths are relative to the unit, with `/` between parts."""

    files: dict[str, os.stat_result]
    """Regular files except temporary ones; the index is among them."""
    folders: frozenset[str]
    """The unit itself, if it exists, is ""."""
    others: dict[str, str]
    """What is neither file nor folder (it is never touched), with the word for it."""
    temporary: tuple[str, ...]


def scan_unit(root: Path, unit: str) -> UnitScan:
    """Look at `unit` (a path under `root` such as `generated/production/us-east-1`); it need not exist.

    Raises UnitError when the unit or a folder above it is a link or a file, or cannot be read.
    """
    files: dict[str, os.stat_result] = {}
    folders: list[str] = []
    others: dict[str, str] = {}
    temporary: list[str] = []
    base = f"{root}/{unit}"
    pending = [""] if _is_folder(root, unit) else []
    try:
        while pending:
            folder = pending.pop()
            folders.append(folder)
            with os.scandir(f"{base}/{folder}" if folder else base) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_file(follow_symlinks=False):
                        if entry.name.startswith(TEMPORARY_PREFIX):
                            temporary.append(path)
                        else:
                            files[path] = entry.stat(follow_symlinks=False)
                    elif entry.is_dir(follow_symlinks=False):
                        pending.append(path)
                    else:
                        others[path] = "a symbolic link" if entry.is_symlink() else "a special file"
    except OSError as error:
        raise UnitError(f"{error.filename}: cannot be read: {error.strerror}") from error
    return UnitScan(files=files, folders=frozenset(folders), others=others, temporary=tuple(temporary))


def find_units(root: Path, folder: str) -> tuple[str, ...]:
    """The units that an earlier run, finished or killed, made directly under `folder`, sorted.

    With `generated/production` for `folder` these are the regions of production, removed ones included.
    """
    if not _is_folder(root, folder):
        return ()
    found = []
    try:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and _is_unit(entry.path):
                    found.append(f"{folder}/{entry.name}")
    except OSError as error:
        raise UnitError(f"{error.filename}: cannot be read: {error.strerror}") from error
    return tuple(sorted(found))


def _is_unit(folder: str) -> bool:
    # A new unit's first file is the temporary form of its index; a run killed before the first or after the
    # last file leaves folders that hold nothing.
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries]
    ours = any(name == INDEX_NAME or name.startswith(TEMPORARY_PREFIX) for name in names)
    return ours or not any(files for _, _, files in os.walk(folder))


def _is_folder(root: Path, unit: str) -> bool:
    """Whether the unit exists. Raises UnitError unless it and everything between is a real folder."""
    path = str(root)
    for part in ("", *unit.split("/")):
        path = f"{path}/{part}" if part else path
        try:
            # The root itself may be a link: that is the user's choice of a place.
            mode = (os.lstat if part else os.stat)(path).st_mode
        except FileNotFoundError:
            return False
        except OSError as error:
            raise UnitError(f"{path}: cannot be read: {error.strerror}") from error
        if not stat.S_ISDIR(mode):
            what = "a symbolic link" if stat.S_ISLNK(mode) else "a file"
            raise UnitError(
                f"{path}: is {what} where the published tree needs a folder; rename it, and run again"
            )
    return True
