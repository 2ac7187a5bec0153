from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from charts_py.tree.schemas.sharing import share

BIG = {"type": "object", "properties": {f"field{i}": {"type": "string", "pattern": "^a+$"} for i in range(8)}}
LEAVES = st.sampled_from(
    [BIG, {"type": "string"}, {"items": BIG}, {"type": "array", "items": {"anyOf": [BIG]}}]
)
NODES = st.recursive(
    LEAVES,
    lambda inner: (
        st.dictionaries(st.sampled_from(["a", "b", "c/d", "a-2", "$ref"]), inner, min_size=1).map(
            lambda fields: {"type": "object", "properties": fields}
        )
        | inner.map(lambda node: {"additionalProperties": node})
        | inner.map(lambda node: {"not": node})
        | st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"oneOf": nodes})
    ),
    max_leaves=12,
)


def inlined(node, definitions):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            return inlined(definitions[node["$ref"].removeprefix("#/definitions/")], definitions)
        return {key: inlined(child, definitions) for key, child in node.items() if key != "definitions"}
    return [inlined(child, definitions) for child in node] if isinstance(node, list) else node


@given(NODES)
def test_inlining_the_shared_definitions_gives_the_schema_back(node):
    shared = share({"type": "object", "properties": {"root": node, "again": node}})
    assert inlined(shared, shared.get("definitions", {}))["properties"] == {"root": node, "again": node}


@given(NODES)
def test_names_need_no_escaping_in_a_reference(node):
    for name in share({"type": "object", "properties": {"x": node, "y": node}}).get("definitions", {}):
        assert not set(name) & set("/~%#$ ")


def test_what_repeats_is_written_once_and_what_lies_inside_it_stays_there():
    outer = {"type": "object", "properties": {"inner": BIG}}
    shared = share({"type": "object", "properties": {"a": outer, "b": outer}})
    assert list(shared["definitions"]) == ["a"]
    assert json.dumps(shared).count("field7") == 1


def test_small_or_single_subschemas_stay_in_place():
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": BIG}}
    assert share(schema) == schema
