"""`novacron schemas update`: make `schemas/` what its lock file says."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from charts_py.tree.schemas.json_text import compact_json
from charts_py.tree.schemas.kind import GroupVersionKind
from charts_py.tree.schemas.lock import Upstream, read_lock
from charts_py.tree.schemas.sharing import share
from charts_py.tree.schemas.source import SourceError, definitions, fetch
from charts_py.tree.schemas.structural import Schema, schemas_of_crd


@dataclass(frozen=True, kw_only=True)
class SchemaChanges:
    """What differs between `schemas/` and its lock file. Paths are relative to `schemas/`, sorted."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    total: int
    """Schemas that the lock file gives."""

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def update(
    folder: Path,
    *,
    mirror: Path | None = None,
    check: bool = False,
    progress: Callable[[str], None] = lambda line: None,
) -> SchemaChanges:
    """Write the schema of every kind in `folder`/lock.yaml and delete schemas that it no longer names.

    Nothing is written before every release has been read and every schema made; each file is then replaced
    as a whole. With `check` nothing is written at all. Raises LockError, SourceError and SchemaError.
    """
    wanted: dict[str, str] = {}
    upstreams = read_lock(folder)
    for number, upstream in enumerate(upstreams, 1):
        progress(
            f"[{number}/{len(upstreams)}] {upstream.project} {upstream.release}: {len(upstream.kinds)} kinds"
        )
        for gvk, schema in schemas_of(upstream, fetch(upstream, mirror)).items():
            wanted[gvk.schema_path] = compact_json(share(schema))
    present = {path.relative_to(folder).as_posix(): path for path in folder.glob("*/*.json")}
    changes = SchemaChanges(
        added=tuple(sorted(wanted.keys() - present.keys())),
        changed=tuple(
            sorted(
                name
                for name in wanted.keys() & present.keys()
                if present[name].read_bytes() != wanted[name].encode()
            )
        ),
        removed=tuple(sorted(present.keys() - wanted.keys())),
        total=len(wanted),
    )
    if not check:
        for name in (*changes.added, *changes.changed):
            _replace(folder / name, wanted[name])
        for name in changes.removed:
            present[name].unlink()
            if not any(present[name].parent.iterdir()):
                present[name].parent.rmdir()
    return changes


def schemas_of(upstream: Upstream, content: bytes) -> dict[GroupVersionKind, Schema]:
    """The schemas of the kinds that `upstream` lists, from the bytes of its release."""
    kinds = {(gvk.group, gvk.kind) for gvk in upstream.kinds}
    found: dict[GroupVersionKind, Schema] = {}
    held: list[str] = []
    for crd in definitions(content, project=upstream.project):
        spec = crd.get("spec") or {}
        identity = (spec.get("group"), (spec.get("names") or {}).get("kind"))
        held.append(f"{identity[1]}.{identity[0]}")
        if identity in kinds:
            found.update(schemas_of_crd(crd))
    absent = [str(gvk) for gvk in upstream.kinds if gvk not in found]
    if absent:
        served = sorted(map(str, found))
        raise SourceError(
            f"{upstream.project} {upstream.release} serves no {', '.join(absent)}; it has the CRDs "
            f"{', '.join(sorted(held)) or 'none'}"
            + (f" and of the listed kinds {', '.join(served)}" if served else "")
        )
    return {gvk: found[gvk] for gvk in upstream.kinds}


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name doesn't end in .json: an interrupted run can leave no half schema that a later one would read.
    handle, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
