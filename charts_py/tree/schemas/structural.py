"""From the OpenAPI schema of a CustomResourceDefinition to a strict JSON Schema of its structure.

What the API server would prune is refused here, what it would ignore is left out, and prose is dropped. CEL
rules have no JSON Schema form; the API server of `make e2e` runs them. The result is read as draft 4, as
kubeconform does, which is the draft whose `exclusiveMinimum` OpenAPI 3.0 shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charts_py.tree.schemas.kind import GroupVersionKind

Schema = dict[str, Any]

CHECKED_FORMATS = frozenset({"date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri"})
"""Formats that kubeconform tests as Kubernetes does. Others would only look like a check."""

_CONSTRAINTS = frozenset(
    {
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "maximum",
        "maxItems",
        "maxLength",
        "maxProperties",
        "minimum",
        "minItems",
        "minLength",
        "minProperties",
        "multipleOf",
        "pattern",
        "uniqueItems",
    }
)
_JUNCTORS = frozenset({"allOf", "anyOf", "oneOf"})
_WITHOUT_STRUCTURE = frozenset(
    {
        "default",
        "description",
        "example",
        "externalDocs",
        "title",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-map-type",
        "x-kubernetes-validations",
    }
)
_READ_ELSEWHERE = frozenset(
    {
        "additionalProperties",
        "nullable",
        "properties",
        "type",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
        "x-kubernetes-preserve-unknown-fields",
    }
)
_EMBEDDED: Schema = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"type": "object"},
}


class SchemaError(Exception):
    """A schema that can't be translated or found. The message says which, where and what to do."""


def schemas_of_crd(crd: Mapping[str, Any]) -> dict[GroupVersionKind, Schema]:
    """One strict schema for each served version of `crd`, an apiextensions.k8s.io/v1 definition.

    Raises SchemaError for another API version, a version without a schema, and a keyword without translation.
    """
    name = crd.get("metadata", {}).get("name", "?")
    if crd.get("apiVersion") != "apiextensions.k8s.io/v1" or crd.get("kind") != "CustomResourceDefinition":
        raise SchemaError(
            f"{name}: {crd.get('apiVersion')} {crd.get('kind')} is no apiextensions.k8s.io/v1 CRD"
        )
    try:
        group, kind, versions = crd["spec"]["group"], crd["spec"]["names"]["kind"], crd["spec"]["versions"]
        found: dict[GroupVersionKind, Schema] = {}
        for version in versions:
            if not version.get("served", True):
                continue
            gvk = GroupVersionKind(group=group, version=version["name"], kind=kind)
            found[gvk] = _root(version, gvk)
    except (KeyError, TypeError, AttributeError) as error:
        raise SchemaError(f"CustomResourceDefinition {name}: not in the form of v1: {error!r}") from error
    return found


def _root(version: Mapping[str, Any], gvk: GroupVersionKind) -> Schema:
    source = dict(version["schema"]["openAPIV3Schema"])
    properties = dict(source.get("properties") or {})
    metadata = properties.pop("metadata", {"type": "object"})
    if "status" in (version.get("subresources") or {}):
        # The main endpoint drops status when the subresource exists, so that one in Git never takes effect.
        properties.pop("status", None)
    source["properties"] = {
        name: node for name, node in properties.items() if name not in ("apiVersion", "kind")
    }
    schema = strict(source, where=str(gvk))
    schema["type"] = "object"
    schema["properties"] = {
        "apiVersion": {"type": "string", "enum": [gvk.api_version]},
        "kind": {"type": "string", "enum": [gvk.kind]},
        "metadata": _translate(metadata, f"{gvk}.metadata", structural=False),
        **schema["properties"],
    }
    schema["required"] = sorted({"apiVersion", "kind", "metadata", *schema.get("required", ())} - {"status"})
    return schema


def strict(node: Mapping[str, Any], *, where: str) -> Schema:
    """Translate one structural schema; `where` is the path that errors name."""
    return _translate(node, where, structural=True)


def _translate(node: Mapping[str, Any], where: str, *, structural: bool) -> Schema:
    out: Schema = {}
    for key, value in node.items():
        if key in _CONSTRAINTS:
            out[key] = value
        elif key == "required":
            _set_if(out, key, _required(node))
        elif key == "format":
            _set_if(out, key, value if value in CHECKED_FORMATS else None)
        elif key == "items":
            out[key] = _translate(value, f"{where}[]", structural=structural)
        elif key == "not":
            out[key] = _translate(value, f"{where}.not", structural=False)
        elif key in _JUNCTORS:
            # The branches of a junctor only narrow the node that holds them: strictness there would refuse
            # every field which another branch or the node itself declares.
            branches = [
                _translate(item, f"{where}.{key}[{i}]", structural=False) for i, item in enumerate(value)
            ]
            _set_if(out, key, _without_int_or_string(key, branches) if _int_or_string(node) else branches)
        elif key == "x-kubernetes-list-type":
            _set_if(out, "uniqueItems", value == "set" or None)
        elif key not in _WITHOUT_STRUCTURE and key not in _READ_ELSEWHERE:
            raise SchemaError(
                f"{where}: the keyword {key!r} has no translation; add one to structural_schema.py"
            )
    _add_fields(out, node, where, structural=structural)
    _add_type(out, node)
    return out


def _set_if(out: Schema, key: str, value: object) -> None:
    if value:
        out[key] = value


def _required(node: Mapping[str, Any]) -> list[str]:
    """The API server fills defaults in before it validates: a field that has one may be left out."""
    properties = node.get("properties") or {}
    return [name for name in node["required"] if "default" not in (properties.get(name) or {})]


def _int_or_string(node: Mapping[str, Any]) -> bool:
    return bool(node.get("x-kubernetes-int-or-string"))


def _without_int_or_string(key: str, branches: list[Schema]) -> list[Schema]:
    """Drop the `anyOf: [integer, string]` that such nodes carry: `type` says it with a clearer error."""
    if key == "anyOf":
        return [] if sorted(str(b.get("type")) for b in branches) == ["integer", "string"] else branches
    kept = [{**b, "anyOf": _without_int_or_string("anyOf", b.get("anyOf", []))} for b in branches]
    return [b for b in ({k: v for k, v in b.items() if k != "anyOf" or v} for b in kept) if b]


def _add_fields(out: Schema, node: Mapping[str, Any], where: str, *, structural: bool) -> None:
    properties = node.get("properties") or {}
    if properties:
        out["properties"] = {
            name: _translate(child, f"{where}.{name}", structural=structural)
            for name, child in properties.items()
        }
    embedded = bool(node.get("x-kubernetes-embedded-resource"))
    if embedded:
        out["properties"] = {**_EMBEDDED, **out.get("properties", {})}
        out["required"] = sorted({"apiVersion", "kind", *out.get("required", ())})
    additional = node.get("additionalProperties")
    if isinstance(additional, Mapping):
        out["additionalProperties"] = _translate(additional, f"{where}.*", structural=structural)
    elif additional is not None:
        out["additionalProperties"] = additional
    elif not structural:
        return
    elif node.get("x-kubernetes-preserve-unknown-fields"):
        if node.get("type") == "object" or properties or embedded:
            out["additionalProperties"] = True
    elif node.get("type") == "object" or properties or embedded:
        out["additionalProperties"] = False
        # `properties` even if empty: whoever reads an object schema finds the two side by side.
        out.setdefault("properties", {})


def _add_type(out: Schema, node: Mapping[str, Any]) -> None:
    types = ["integer", "string"] if _int_or_string(node) else [node["type"]] if "type" in node else []
    if not types:
        return
    if node.get("nullable"):
        types = [*types, "null"]
        if "enum" in out and None not in out["enum"]:
            out["enum"] = [*out["enum"], None]
    out["type"] = types if len(types) > 1 else types[0]
