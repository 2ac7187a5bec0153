"""JSON Schema of a settings class, as fleet files, CRDs and editors need it.

The output uses only what JSON Schema 2020-12 and the API server's structural OpenAPI share: no $ref, no
type lists. `strict` adds additionalProperties: false, which structural schemas refuse beside properties.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from charts_py.contract.setting import SettingInfo, default_of, info_of, key_of, plain, required, rules_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_SCALARS: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


@cache
def field_types(cls: type[DataclassInstance]) -> Mapping[str, Any]:
    """The resolved type of each field of a settings class, by Python name."""
    hints = typing.get_type_hints(cls)
    return MappingProxyType({declared.name: hints[declared.name] for declared in dataclasses.fields(cls)})


def strip_optional(annotation: Any) -> tuple[Any, bool]:
    """`X | None` as (X, True), anything else as (annotation, False)."""
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
        if len(members) == 1 and len(members) != len(typing.get_args(annotation)):
            return members[0], True
        raise TypeError(f"{annotation} is no settings type: only `X | None` unions are")
    return annotation, False


def json_schema(
    cls: type[DataclassInstance], *, strict: bool, cel: bool = False, defaults: bool = True
) -> dict[str, Any]:
    """The object schema of a settings class.

    strict: refuse unknown keys. cel: add what only the API server reads, the class's rules and the keys of
    lists. defaults: state the default of each optional field (a CRD's defaults are written into objects by
    the API server).
    """
    hints = field_types(cls)
    properties = {
        key_of(declared): _field_schema(declared, hints[declared.name], strict, cel, defaults)
        for declared in dataclasses.fields(cls)
    }
    schema: dict[str, Any] = {"type": "object"}
    if cls.__doc__:
        schema["description"] = _one_line(cls.__doc__)
    needed = [key_of(declared) for declared in dataclasses.fields(cls) if required(declared)]
    if needed:
        schema["required"] = needed
    schema["properties"] = properties
    if strict:
        schema["additionalProperties"] = False
    if cel and rules_of(cls):
        schema["x-kubernetes-validations"] = [
            {"rule": rule.cel, "message": rule.message} for rule in rules_of(cls)
        ]
    return schema


def _field_schema(
    declared: dataclasses.Field[Any], annotation: Any, strict: bool, cel: bool, defaults: bool
) -> dict[str, Any]:
    info = info_of(declared)
    inner, _ = strip_optional(annotation)
    schema = _type_schema(inner, info, strict, cel, defaults)
    schema["description"] = info.doc
    if defaults and not required(declared):
        default = default_of(declared)
        if default is not None:
            # Written out in full: the API server judges a default by the rules before it fills in what is
            # missing inside of it.
            schema["default"] = plain(default)
    return schema


def _type_schema(
    annotation: Any, info: SettingInfo, strict: bool, cel: bool, defaults: bool
) -> dict[str, Any]:
    origin = typing.get_origin(annotation)
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        return json_schema(annotation, strict=strict, cel=cel, defaults=defaults)
    if origin is Literal:
        values = typing.get_args(annotation)
        return {"type": _SCALARS[type(values[0])], "enum": list(values)}
    if origin is tuple:
        (item, _ellipsis) = typing.get_args(annotation)
        schema: dict[str, Any] = {"type": "array"}
        if info.min_items is not None:
            schema["minItems"] = info.min_items
        if info.max_items is not None:
            schema["maxItems"] = info.max_items
        if cel and info.list_key is not None:
            schema["x-kubernetes-list-type"] = "map"
            schema["x-kubernetes-list-map-keys"] = [info.list_key]
        schema["items"] = _type_schema(
            item, dataclasses.replace(info, min_items=None, list_key=None), strict, cel, defaults
        )
        return schema
    if origin is not None and issubclass(origin, Mapping):
        _, value = typing.get_args(annotation)
        return {"type": "object", "additionalProperties": _type_schema(value, info, strict, cel, defaults)}
    if annotation in _SCALARS:
        return {"type": _SCALARS[annotation], **_limits(info)}
    raise TypeError(f"{annotation} is no settings type")


def _limits(info: SettingInfo) -> dict[str, Any]:
    limits = {
        "enum": list(info.choices) if info.choices is not None else None,
        "minimum": info.minimum,
        "maximum": info.maximum,
        "pattern": info.pattern,
        "maxLength": info.max_length,
    }
    return {key: value for key, value in limits.items() if value is not None}


def _one_line(text: str) -> str:
    return " ".join(text.split())
