"""The shape of a fleet file as it is written.

`defaults` and a region state only what they change, so nothing below them is required but a region's name;
what must be there after merging is checked on the merged region.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from charts_py.contract.environment import FleetFile
from charts_py.contract.json_schema import json_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def written_shape() -> dict[str, Any]:
    """The JSON Schema of a fleet file. Made once; not to be changed."""
    schema = {"$schema": DIALECT, **json_schema(FleetFile, strict=True)}
    properties = schema["properties"]
    properties["defaults"] = _partial(properties["defaults"])
    region = properties["regions"]["items"]
    properties["regions"] = {
        **properties["regions"],
        "items": {**_partial(region), "required": region["required"]},
    }
    return schema


def _partial(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with nothing required at any level."""
    partial = {key: value for key, value in schema.items() if key != "required"}
    if "properties" in partial:
        partial["properties"] = {key: _partial(entry) for key, entry in partial["properties"].items()}
    return partial
