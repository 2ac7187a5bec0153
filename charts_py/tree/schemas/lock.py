"""The lock file `schemas/lock.yaml`: the releases that our schemas come from, and the kinds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from charts_py.tree.schemas.kind import GroupVersionKind

LOCK_FILE = "lock.yaml"
_KEYS = ("project", "release", "url", "files", "sha256", "kinds")


class LockError(Exception):
    """The lock file can't be used. The message names the entry and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """One release of one project."""

    project: str
    release: str
    url: str
    """Folder of `files`; may contain `{release}`."""
    files: tuple[str, ...]
    """In the order in which the mirror file joins them."""
    sha256: str
    """Of what `schema_source.joined` makes of the files, which is also the content of the mirror file."""
    kinds: tuple[GroupVersionKind, ...]

    @property
    def urls(self) -> tuple[str, ...]:
        """Where the files of this release are downloaded from."""
        return tuple(
            f"{self.url.replace('{release}', self.release).rstrip('/')}/{name}" for name in self.files
        )

    @property
    def mirror_file(self) -> str:
        """Name of this release's file in a mirror folder."""
        return f"{self.project}-{self.release}.yaml"


def read_lock(folder: Path) -> tuple[Upstream, ...]:
    """The upstreams in `folder`/lock.yaml, in file order. Raises LockError."""
    path = folder / LOCK_FILE
    try:
        document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise LockError(f"{path}: can't be read: {error}") from error
    if not isinstance(document, dict) or list(document) != ["upstreams"]:
        raise LockError(f"{path}: must hold one key, `upstreams`")
    if not isinstance(document["upstreams"], list) or not document["upstreams"]:
        raise LockError(f"{path}: `upstreams` must be a list with at least one entry")
    upstreams = tuple(
        _upstream(entry, f"{path}: upstreams[{i}]") for i, entry in enumerate(document["upstreams"])
    )
    _refuse_duplicates(path, "project", [upstream.project for upstream in upstreams])
    _refuse_duplicates(path, "kind", [str(gvk) for upstream in upstreams for gvk in upstream.kinds])
    return upstreams


def _upstream(entry: object, where: str) -> Upstream:
    if not isinstance(entry, dict) or sorted(entry) != sorted(_KEYS):
        found = sorted(map(str, entry)) if isinstance(entry, dict) else type(entry).__name__
        raise LockError(f"{where}: has {found}; must have exactly {', '.join(_KEYS)}")
    project = _text(entry, "project", where, r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
    return Upstream(
        project=project,
        # A number would lose digits on the way: 1.10 would be read as 1.1.
        release=_text(entry, "release", f"{where} ({project})", r"[A-Za-z0-9][A-Za-z0-9._+-]*"),
        url=_text(entry, "url", f"{where} ({project})", r"https://[^\s?#]+"),
        files=tuple(_texts(entry, "files", f"{where} ({project})", r"\w[\w.-]*(/\w[\w.-]*)*")),
        sha256=_text(entry, "sha256", f"{where} ({project})", r"[0-9a-f]{64}"),
        kinds=tuple(_kind(text, where) for text in _texts(entry, "kinds", f"{where} ({project})", r".+")),
    )


def _kind(text: str, where: str) -> GroupVersionKind:
    try:
        return GroupVersionKind.parse(text)
    except ValueError as error:
        raise LockError(f"{where}.kinds: {error}") from error


def _text(entry: Mapping[str, Any], key: str, where: str, pattern: str) -> str:
    value = entry[key]
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise LockError(f"{where}.{key}: is {value!r}; must be a quoted string that matches {pattern}")
    return value


def _texts(entry: Mapping[str, Any], key: str, where: str, pattern: str) -> list[str]:
    values = entry[key]
    if not isinstance(values, list) or not values:
        raise LockError(f"{where}.{key}: is {values!r}; must be a list with at least one entry")
    return [_text({f"{key}[{i}]": value}, f"{key}[{i}]", where, pattern) for i, value in enumerate(values)]


def _refuse_duplicates(path: Path, what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LockError(f"{path}: the {what} {', '.join(twice)} is listed twice; keep one")
