"""One folder with the schema of every kind in the tree, in the form and under the names kubeconform reads.

Three sources: kinds of Kubernetes (`core_kinds`), kinds of other projects (`schemas/` in this repository),
and kinds whose CustomResourceDefinition is part of the tree itself. The folder lies in the cache under the
digest of everything it was made from, so an old one is never read by mistake.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charts_py.tree.schemas import core_kinds, structural
from charts_py.tree.schemas.core_kinds import OBJECT_META, CoreSchemas
from charts_py.tree.schemas.kind import GroupVersionKind
from charts_py.tree.schemas.structural import Schema, SchemaError, schemas_of_crd

KEPT_FOLDERS = 8
"""How many schema folders stay in the cache; one is about 1 MB."""


@dataclass(frozen=True, kw_only=True)
class SchemaSet:
    """The schemas for the kinds of one tree under one Kubernetes minor version."""

    folder: Path
    keys: Mapping[GroupVersionKind, str]
    """A digest for each kind: the same as long as the schema of that kind is the same."""
    missing: frozenset[GroupVersionKind]
    """Kinds that no source knows."""


def assemble(
    *,
    kinds: Iterable[GroupVersionKind],
    kubernetes: str,
    third_party: Path,
    crds: Iterable[Mapping[str, Any]],
    cache: Path,
) -> SchemaSet:
    """Make, or find in `cache`, the schema folder for `kinds`.

    `third_party` is the `schemas/` folder, `crds` the CustomResourceDefinitions of the tree (they come first:
    what the tree installs is what it is checked against). Raises SchemaError for a source that can't be read.
    """
    wanted = sorted(set(kinds))
    own: dict[GroupVersionKind, Schema] = {}
    for crd in crds:
        own.update(schemas_of_crd(crd))
    base = _digest(_translator(), core_kinds.bundle_identity(), core_kinds.minor(kubernetes).encode())
    sources: dict[GroupVersionKind, bytes] = {}
    core: list[GroupVersionKind] = []
    for gvk in wanted:
        file = third_party / gvk.schema_path
        if gvk in own:
            sources[gvk] = json.dumps(own[gvk], sort_keys=True).encode()
        elif file.is_file():
            sources[gvk] = file.read_bytes()
        else:
            core.append(gvk)
    keys = {gvk: _digest(base.encode(), str(gvk).encode(), sources.get(gvk, b"")) for gvk in wanted}
    folder = cache / _digest(*(keys[gvk].encode() for gvk in wanted))[:24]
    missing = _intact(folder)
    if missing is None:
        shutil.rmtree(folder, ignore_errors=True)
        _build(folder, CoreSchemas.load(kubernetes), core, sources)
        missing = _intact(folder) or frozenset()
    os.utime(folder)
    return SchemaSet(folder=folder, keys=keys, missing=missing)


_MANIFEST = "contents"
"""First line: digest of all schemas in the folder. Then the kinds that have none, one to a line."""


def _intact(folder: Path) -> frozenset[GroupVersionKind] | None:
    """The kinds without a schema; None if the folder isn't there or not as it was made: a damaged schema
    would be reported as a fault of every object of its kind."""
    try:
        first, *missing = (folder / _MANIFEST).read_text("utf-8").splitlines()
        if first != _contents_digest(folder):
            return None
        return frozenset(GroupVersionKind.parse(line) for line in missing)
    except (OSError, ValueError):
        return None


def _contents_digest(folder: Path) -> str:
    return _digest(*(file.read_bytes() for file in sorted(folder.glob("*/*.json"))))


def _translator() -> bytes:
    """The code that makes the schemas: a change to it must not meet folders made by its older self."""
    modules = (core_kinds, structural)
    return (
        b"".join(Path(module.__file__ or "").read_bytes() for module in modules) + Path(__file__).read_bytes()
    )


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _build(
    folder: Path,
    bundled: CoreSchemas,
    core: list[GroupVersionKind],
    sources: Mapping[GroupVersionKind, bytes],
) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        for gvk in core:
            if gvk in bundled:
                _write(draft / gvk.schema_path, bundled.schema(gvk))
        for gvk, source in sources.items():
            _write(draft / gvk.schema_path, with_object_meta(_read(gvk, source), bundled, wanted_by=str(gvk)))
        missing = [gvk for gvk in core if gvk not in bundled]
        lines = [_contents_digest(draft), *map(str, missing)]
        (draft / _MANIFEST).write_text("".join(f"{line}\n" for line in lines), "utf-8")
        try:
            draft.rename(folder)
        except OSError:
            # Another run made the same folder first; the digest in its name says that it is the same.
            if _intact(folder) is None:
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _drop_old(folder)


def _read(gvk: GroupVersionKind, source: bytes) -> Schema:
    try:
        schema = json.loads(source)
    except ValueError as error:
        raise SchemaError(
            f"the schema of {gvk} is no JSON ({error}); run: novacron schemas update"
        ) from error
    if not isinstance(schema, dict):
        raise SchemaError(f"the schema of {gvk} is no JSON object; run: novacron schemas update")
    return schema


def with_object_meta(schema: Schema, bundled: CoreSchemas, *, wanted_by: str) -> Schema:
    """`schema` with the API server's own rules for `metadata`, which a custom kind can only narrow."""
    properties = schema.get("properties", {})
    narrowed = properties.get("metadata", {"type": "object"})
    meta = core_kinds.reference(OBJECT_META)
    merged = meta if narrowed == {"type": "object"} else {"allOf": [meta, narrowed]}
    return {
        **schema,
        "properties": {**properties, "metadata": merged},
        "definitions": {
            **schema.get("definitions", {}),
            **bundled.reachable({"metadata": meta}, wanted_by=wanted_by),
        },
    }


def _write(path: Path, schema: Schema) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema, separators=(",", ":"), sort_keys=True), "utf-8")


def _drop_old(current: Path) -> None:
    folders = sorted(
        (entry for entry in current.parent.iterdir() if (entry / _MANIFEST).is_file()),
        key=lambda entry: entry.stat().st_mtime,
        reverse=True,
    )
    for old in folders[KEPT_FOLDERS:]:
        if old != current:
            shutil.rmtree(old, ignore_errors=True)
