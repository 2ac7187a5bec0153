"""What publishing a unit would do, decided before anything is touched: state and wish in, plan out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from charts_py.tree.file_names import check_case
from charts_py.tree.ownership_index import INDEX_NAME, format_index, is_path, parse_index
from charts_py.tree.tree_error import TreeError


class PublishError(TreeError):
    """Something is in the way of publishing, or the file system refused."""


@dataclass(frozen=True, kw_only=True)
class UnitState:
    """A unit as it is on disk. Paths are relative to the unit, with `/` between parts."""

    unit: str
    contents: Mapping[str, bytes | None]
    """Every regular file but the index. None: not ours to read, or executable, which ours never are."""
    index: bytes | None
    folders: frozenset[str] = frozenset()
    """The unit itself, if it exists, is ""."""
    others: Mapping[str, str] = field(default_factory=dict)
    """What is neither file nor folder, with the word for it."""
    temporary: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One path on which the disk and the fleet disagree."""

    path: str
    """Relative to the root of the published tree."""
    kind: Literal["missing", "changed", "left-over"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The steps that make a unit what it should be. Paths are relative to the unit."""

    unit: str
    desired: Mapping[str, bytes]
    create: Mapping[str, bytes]
    update: Mapping[str, bytes]
    delete: tuple[str, ...]
    keep: tuple[str, ...]
    foreign: tuple[str, ...]
    """What lies there without being ours: kept, and worth telling the user."""
    temporary: tuple[str, ...]
    """Left by a killed run; removed."""
    empty_folders: tuple[str, ...]
    """Folders that nothing would be left in, deepest first; removed, as Git has no empty folders."""
    index_now: bytes | None
    index_meanwhile: bytes | None
    """The union of old and new; in place before the first new file, so that none is ever without an owner."""
    index_after: bytes | None
    """None: the unit is to be empty, and the index goes last."""

    @property
    def is_noop(self) -> bool:
        """Whether the unit is already as it should be."""
        return not (
            self.create
            or self.update
            or self.delete
            or self.temporary
            or self.empty_folders
            or self.index_now != self.index_after
        )

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What `synth --check` lists: committed paths that are not what the fleet says, sorted."""
        return tuple(sorted(self._differences(), key=lambda difference: difference.path))

    def _differences(self) -> Iterator[Difference]:
        for path in self.create:
            yield Difference(path=f"{self.unit}/{path}", kind="missing")
        for path in self.update:
            yield Difference(path=f"{self.unit}/{path}", kind="changed")
        for path in self.delete:
            yield Difference(path=f"{self.unit}/{path}", kind="left-over")
        if self.index_now != self.index_after:
            index = f"{self.unit}/{INDEX_NAME}"
            if self.index_now is None:
                yield Difference(path=index, kind="missing")
            else:
                yield Difference(path=index, kind="left-over" if self.index_after is None else "changed")


def plan_unit(state: UnitState, desired: Mapping[str, bytes]) -> Plan:
    """The way from `state` to `desired` (path in the unit -> content; empty: the unit is to vanish).

    A file that is there with the right content is adopted even if no index lists it. Raises PublishError,
    with all obstacles in one text, when a foreign file, a folder, a link or a special file is where one of
    ours has to be; UntrustedIndexError for an index that can't be read; FileNameError for paths that collide.
    """
    for path in desired:
        if not is_path(path) or path == INDEX_NAME:
            raise ValueError(f"{path!r} is no path that a published file may have")
    check_case(desired)
    listed = frozenset() if state.index is None else parse_index(state.index, f"{state.unit}/{INDEX_NAME}")
    obstacles = list(_obstacles(state, desired, listed))
    if obstacles:
        raise PublishError("\n".join(sorted(obstacles)))

    there = state.contents
    delete = tuple(sorted(path for path in listed if path in there and path not in desired))
    foreign = {path for path in there if path not in listed and path not in desired} | set(state.others)
    create = {path: content for path, content in desired.items() if path not in there}
    after = format_index(desired) if desired else None
    unlisted = not create.keys() <= listed
    return Plan(
        unit=state.unit,
        desired=desired,
        create=create,
        update={p: content for p, content in desired.items() if p in there and there[p] != content},
        delete=delete,
        keep=tuple(path for path, content in desired.items() if there.get(path) == content),
        foreign=tuple(sorted(foreign)),
        temporary=state.temporary,
        empty_folders=_deepest_first(state.folders - _folders_of([*foreign, *desired])),
        index_now=state.index,
        index_meanwhile=format_index(listed | desired.keys()) if unlisted else None,
        index_after=after,
    )


def _obstacles(state: UnitState, desired: Mapping[str, bytes], listed: frozenset[str]) -> Iterator[str]:
    for path, content in (*desired.items(), (INDEX_NAME, state.index)):
        if path in state.others:
            yield f"{state.unit}/{path}: is {state.others[path]} where a published file belongs; remove it"
        elif path in state.folders:
            yield f"{state.unit}/{path}: is a folder where a published file belongs; move it away"
        elif path in state.contents and path not in listed and state.contents[path] != content:
            yield (
                f"{state.unit}/{path}: is not ours (no index lists it), and the fleet wants another content "
                "there; move it away or delete it"
            )
    for folder in _folders_of(desired):
        if folder in state.contents or folder in state.others:
            what = state.others.get(folder, "a file")
            yield f"{state.unit}/{folder}: is {what} where the published tree needs a folder; remove it"


def _folders_of(paths: Iterable[str]) -> set[str]:
    folders = set()
    for path in paths:
        folders.add("")
        end = path.rfind("/")
        while end != -1 and path[:end] not in folders:
            folders.add(path[:end])
            end = path.rfind("/", 0, end)
    return folders


def _deepest_first(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(paths, key=lambda path: (-path.count("/"), path)))
