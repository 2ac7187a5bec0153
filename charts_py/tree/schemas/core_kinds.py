"""Schemas of the kinds that Kubernetes itself serves, from the bundle inside `kubernetes-validate`.

The bundle can't be handed to kubeconform as it is: its references are absolute (`/api/_definitions.json#...`,
a file of no machine), its file names drop the end of the group, its `$schema` turns format checks off, and
every field may be null. Here each kind becomes one file with only the definitions it reaches, referenced
locally: inlining them can't work, since the schema of CustomResourceDefinition contains itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import util
from pathlib import Path
from typing import Any

from charts_py.tree.schemas.kind import GroupVersionKind
from charts_py.tree.schemas.structural import CHECKED_FORMATS, Schema, SchemaError

OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_BUNDLE_REF = "#/$defs/"
_LOCAL_REF = "#/definitions/"

QUANTITY_PATTERN = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
"""How Kubernetes reads quantities; the bundle says only "a string"."""

BASE64_PATTERN = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
"""What `format: byte` means, which JSON Schema doesn't know."""

_REPLACED: dict[str, Schema] = {
    _INT_OR_STRING: {"type": ["integer", "string"]},
    _QUANTITY: {"type": ["number", "string"], "pattern": QUANTITY_PATTERN},
}


def bundle() -> Path:
    """Folder of the installed package. It is only located: importing it costs more than all its schemas."""
    spec = util.find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        raise SchemaError(
            "the Python package kubernetes-validate is not installed; install NovaCron's dependencies"
        )
    return Path(spec.submodule_search_locations[0])


def bundle_identity() -> bytes:
    """Differs between two releases of the bundle."""
    return (bundle() / "version.py").read_bytes()


def minor(kubernetes: str) -> str:
    """`1.37` for `1.37.0`, `v1.37` and `1.37`; SchemaError for anything else."""
    parts = kubernetes.removeprefix("v").split(".")
    if len(parts) not in (2, 3) or not all(part.isdigit() for part in parts):
        raise SchemaError(f"{kubernetes!r} is no Kubernetes version; write it as 1.37 or 1.37.2")
    return ".".join(parts[:2])


class CoreSchemas:
    """The bundled schemas of one Kubernetes minor version. Loading takes about 30 ms; keep the instance."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        """`definitions` is the `$defs` of a bundle."""
        self._definitions = definitions
        self._names = {
            GroupVersionKind(group=gvk["group"], version=gvk["version"], kind=gvk["kind"]): name
            for name, node in definitions.items()
            for gvk in node.get("x-kubernetes-group-version-kind", ())
        }

    @classmethod
    def load(cls, kubernetes: str) -> CoreSchemas:
        """Read the bundle of `kubernetes`; SchemaError names the bundled versions if it has none."""
        root = bundle() / "kubernetes-json-schema"
        file = root / f"v{minor(kubernetes)}.0-local-strict" / "_definitions.json"
        if not file.is_file():
            bundled = sorted(
                (entry.name[1:].split(".0-")[0] for entry in root.glob("v*-local-strict")),
                key=lambda version: [int(part) for part in version.split(".")],
            )
            raise SchemaError(
                f"no schemas for Kubernetes {kubernetes}; kubernetes-validate has {', '.join(bundled)}"
            )
        return cls(json.loads(file.read_bytes())["$defs"])

    def __contains__(self, gvk: object) -> bool:
        return gvk in self._names

    def schema(self, gvk: GroupVersionKind) -> Schema:
        """A self-contained strict schema; KeyError if Kubernetes serves no such kind, SchemaError for a
        reference that leads nowhere.
        """
        schema = _translate(self._definitions[self._names[gvk]])
        schema["properties"]["apiVersion"] = {"type": "string", "enum": [gvk.api_version]}
        schema["properties"]["kind"] = {"type": "string", "enum": [gvk.kind]}
        schema["required"] = sorted({"apiVersion", "kind", "metadata", *schema.get("required", ())})
        return {**schema, "definitions": self.reachable(schema, wanted_by=str(gvk))}

    def reachable(self, schema: Schema, *, wanted_by: str) -> dict[str, Schema]:
        """The translated definitions that `schema` refers to, directly or through others."""
        found: dict[str, Schema] = {}
        waiting = sorted(set(_references(schema)), reverse=True)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            if name not in self._definitions:
                raise SchemaError(f"{wanted_by}: the bundled schemas refer to {name}, which they don't hold")
            found[name] = _REPLACED.get(name) or _translate(self._definitions[name])
            waiting.extend(sorted(set(_references(found[name])), reverse=True))
        return found


def reference(name: str) -> Schema:
    """A reference to the definition `name` within the same file."""
    return {"$ref": _LOCAL_REF + name}


def _translate(node: Mapping[str, Any]) -> Schema:
    if "$ref" in node:
        return reference(str(node["$ref"]).rpartition(_BUNDLE_REF)[2])
    out: Schema = {}
    for key, value in node.items():
        if key == "properties":
            out[key] = {name: _translate(child) for name, child in value.items()}
        elif key == "items" or (key == "additionalProperties" and isinstance(value, Mapping)):
            out[key] = _translate(value)
        elif key == "type":
            out[key] = _not_null(value)
        elif key == "format":
            if value in CHECKED_FORMATS:
                out[key] = value
            elif value == "byte":
                out["pattern"] = BASE64_PATTERN
        elif key not in ("description", "default") and not key.startswith("x-"):
            out[key] = value
    return out


def _not_null(types: str | list[str]) -> str | list[str]:
    """Null in a manifest is a value that got lost; Kubernetes drops it without a word, so it is refused."""
    kept = [name for name in ([types] if isinstance(types, str) else types) if name != "null"]
    return kept[0] if len(kept) == 1 else kept


def _references(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        target = node.get("$ref")
        if isinstance(target, str):
            yield target.removeprefix(_LOCAL_REF)
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)
