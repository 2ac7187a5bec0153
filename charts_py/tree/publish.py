"""Carrying out plans: each file is old or new at any moment, and a refusal leaves the tree as it was.

All new contents are first written beside their targets under temporary names, for all units; only when that
has worked are they renamed into place. A full disk or a read-only folder therefore shows before the first
visible change. Per unit the order is: index of old and new files, files, deletions, final index. So every
file of ours is listed at every moment, and a run killed anywhere is finished by the next one.

Nothing is synced to the device: `kill -9` cannot lose what the kernel has. A power cut may leave renamed
files empty or old; the next run compares contents (the cache trusts no stat made before a reboot) and writes
them again.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from charts_py.tree.ownership_index import INDEX_NAME
from charts_py.tree.publish_plan import Plan, PublishError, UnitState, plan_unit
from charts_py.tree.unit_scan import TEMPORARY_PREFIX, scan_unit

FILE_MODE = 0o644
FOLDER_MODE = 0o755

_ADVICE = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some of your quota",
    errno.EFBIG: "raise the file size limit (`ulimit -f`)",
    errno.EACCES: "make the folder writable for you",
    errno.EPERM: "make the folder writable for you",
    errno.EROFS: "remount the file system writable",
}


def read_state(root: Path, unit: str, desired: Mapping[str, bytes]) -> UnitState:
    """`unit` under `root` as it is on disk, with the contents of the files that `desired` names."""
    scan = scan_unit(root, unit)
    folder = root / unit
    with _explained("nothing was published"):
        contents = {
            path: read_published(folder / path, seen) if path in desired else None
            for path, seen in scan.files.items()
            if path != INDEX_NAME
        }
        index = (folder / INDEX_NAME).read_bytes() if INDEX_NAME in scan.files else None
    return UnitState(
        unit=unit,
        contents=contents,
        index=index,
        folders=scan.folders,
        others=scan.others,
        temporary=scan.temporary,
    )


def read_published(path: Path, seen: os.stat_result) -> bytes | None:
    """The content of a regular file, or None if it is executable: Git would show that as a change."""
    executable = seen.st_mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return None if executable else path.read_bytes()


def plan(root: Path, unit: str, desired: Mapping[str, bytes]) -> Plan:
    """The plan that makes `unit` hold `desired` (path in the unit -> content). Reads only.

    Raises TreeError: see `scan_unit` and `plan_unit`.
    """
    return plan_unit(read_state(root, unit, desired), desired)


def apply(root: Path, plans: Sequence[Plan]) -> None:
    """Carry out `plans`, made just before and under the run lock; `root` must exist.

    Raises PublishError if the file system refuses; unless it refused a mere renaming, the tree is as before.
    """
    work = [each for each in plans if not each.is_noop]
    staged: list[_StagedUnit] = []
    try:
        for each in work:
            staged.append(unit := _StagedUnit(root, each))
            with _explained("nothing was published"):
                unit.stage()
        for unit in staged:
            with _explained("publishing stopped half way; the next run finishes it"):
                unit.commit()
    finally:
        for unit in reversed(staged):
            unit.discard()


class _StagedUnit:
    """One unit's way from temporary files to published ones."""

    def __init__(self, root: Path, plan: Plan) -> None:
        self._plan = plan
        self._root = root
        self._folder = root / plan.unit
        self._index = self._folder / INDEX_NAME
        self._stale = {self._folder / path for path in plan.temporary}
        self._renames: list[tuple[Path, Path]] = []
        self._last_rename: list[tuple[Path, Path]] = []
        self._known_folders = {root}
        self._made_folders: list[Path] = []

    def stage(self) -> None:
        """Write everything beside its target; nothing published changes."""
        plan = self._plan
        index = plan.index_now
        # A new unit is found again by what lies in its top folder, so the index is its first file there.
        if plan.index_meanwhile is not None:
            self._write(self._renames, self._index, plan.index_meanwhile)
            index = plan.index_meanwhile
        for path, content in (*plan.create.items(), *plan.update.items()):
            self._write(self._renames, self._folder / path, content)
        if plan.index_after is not None and plan.index_after != index:
            self._write(self._last_rename, self._index, plan.index_after)

    def commit(self) -> None:
        """Rename and delete: index of old and new, files, deletions, final index."""
        plan = self._plan
        for temporary, target in self._renames:
            temporary.replace(target)
        for path in (*plan.delete, *(path for path in plan.temporary if "/" in path)):
            (self._folder / path).unlink(missing_ok=True)
        for path in plan.empty_folders:
            _remove_if_empty(self._folder / path)
        for temporary, target in self._last_rename:
            temporary.replace(target)
        # In the top folder these mark the unit as ours, so they go after everything else that is left over.
        for stale in self._stale:
            stale.unlink(missing_ok=True)
        if plan.index_after is None:
            self._vanish()
        for done in (self._renames, self._last_rename, self._made_folders):
            done.clear()

    def discard(self) -> None:
        """Remove what was staged and not committed. Never raises: the next run would remove it as well."""
        for temporary, _ in (*self._renames, *self._last_rename):
            with contextlib.suppress(OSError):
                temporary.unlink()
        for folder in reversed(self._made_folders):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _vanish(self) -> None:
        self._index.unlink(missing_ok=True)
        folder = self._folder
        while folder != self._root and _remove_if_empty(folder):
            folder = folder.parent

    def _write(self, renames: list[tuple[Path, Path]], target: Path, content: bytes) -> None:
        try:
            self._make_folder(target.parent)
            temporary = target.parent / f"{TEMPORARY_PREFIX}{len(self._renames)}"
            with temporary.open("wb" if temporary in self._stale else "xb") as file:
                renames.append((temporary, target))
                os.fchmod(file.fileno(), FILE_MODE)
                file.write(content)
        except OSError as error:
            error.filename = str(target)
            raise

    def _make_folder(self, folder: Path) -> None:
        if folder in self._known_folders:
            return
        self._make_folder(folder.parent)
        try:
            folder.mkdir()
        except FileExistsError:
            pass
        else:
            self._made_folders.append(folder)
            folder.chmod(FOLDER_MODE)
        self._known_folders.add(folder)


def _remove_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


@contextlib.contextmanager
def _explained(outcome: str) -> Iterator[None]:
    """Turn an OSError into a PublishError that says `outcome` and what to do."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "see to it")
        where = f"{error.filename}: " if error.filename else ""
        raise PublishError(f"{where}{error.strerror}; {outcome}; {advice} and run again") from error
