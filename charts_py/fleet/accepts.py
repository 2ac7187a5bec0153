"""A quick yes for data that fits its schema.

Importing jsonschema takes longer than everything else that reading a fleet takes. A file that is accepted
here fits; any other goes to jsonschema, which has the last word and says what is wrong.
"""

from __future__ import annotations

from typing import Any

from charts_py.contract.setting import matches

_TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
_JUDGED = frozenset(
    {"type", "enum", "pattern", "minimum", "maximum", "maxLength"}
    | {"minItems", "maxItems", "items", "required", "properties", "additionalProperties"}
)
_SAID = frozenset({"$schema", "description", "default"})


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """Whether `value` fits `schema`. False also for a schema with a keyword that is not known here."""
    if not schema.keys() <= _JUDGED | _SAID:
        return False
    wanted: Any = _TYPES.get(schema["type"])
    if wanted is None or value.__class__ is not wanted:
        return False
    if wanted is dict:
        return _accepts_object(schema, value)
    if wanted is list:
        return (
            schema.get("minItems", 0) <= len(value)
            and ("maxItems" not in schema or len(value) <= schema["maxItems"])
            and all(accepts(schema["items"], entry) for entry in value)
        )
    if wanted is str and not (
        ("pattern" not in schema or matches(schema["pattern"], value))
        and ("maxLength" not in schema or len(value) <= schema["maxLength"])
    ):
        return False
    if wanted is int and not (
        ("minimum" not in schema or value >= schema["minimum"])
        and ("maximum" not in schema or value <= schema["maximum"])
    ):
        return False
    return "enum" not in schema or value in schema["enum"]


def _accepts_object(schema: dict[str, Any], value: dict[str, Any]) -> bool:
    properties = schema.get("properties", {})
    if schema.get("additionalProperties") is not False:
        return False
    return all(key in value for key in schema.get("required", ())) and all(
        key in properties and accepts(properties[key], entry) for key, entry in value.items()
    )
