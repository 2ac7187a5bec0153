from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from charts_py.fleet.accepts import accepts
from charts_py.fleet.shape import written_shape

SOUND = """
environment: a
version: 3.0.0
argocd: {mode: hub, repoURL: "https://example.com/x.git"}
defaults: {kubernetes: "1.37", api: {minReplicas: 3, spot: true}, network: {dwcpCIDRs: [10.0.0.0/8]}}
regions: [{name: r, api: {resources: {limits: {memory: 1Gi}}}}]
waivers: [{rule: r, object: o, reason: why, expires: 2030-01-31}]
"""
WORDS = (None, True, 0, -1, 3.0, 10**9, "", "x", "UPPER", "1Gi", "10.0.0.0/8", "x\n", "y" * 700)
SPOILT = st.sampled_from([*WORDS, [], [None], ["x"], {}, {"x": 1}])


def sound() -> dict[str, Any]:
    # The same data as the reader gives: dates stay text.
    data: dict[str, Any] = yaml.load(SOUND, yaml.BaseLoader)
    data["defaults"]["api"] = {"minReplicas": 3, "spot": True}
    return data


JUDGE = jsonschema.Draft202012Validator(written_shape())


def judge(value: Any) -> bool:
    return bool(JUDGE.is_valid(value))


def places(value: Any) -> list[tuple[Any, Any]]:
    pairs = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    return [place for key, below in pairs for place in [(value, key), *places(below)]]


def test_a_sound_file_is_accepted_without_the_judge() -> None:
    assert accepts(written_shape(), sound())


@settings(max_examples=100)
@given(st.data(), SPOILT)
def test_what_is_accepted_is_accepted_by_jsonschema_too(data: st.DataObject, spoilt: Any) -> None:
    value = sound()
    holder, key = data.draw(st.sampled_from(places(value)))
    match data.draw(st.sampled_from(["replace", "drop", "add"])):
        case "replace":
            holder[key] = spoilt
        case "drop":
            del holder[key]
        case _ if isinstance(holder, dict):
            holder["unheardOf"] = spoilt
        case _:
            holder.append(spoilt)
    if accepts(written_shape(), value):
        assert judge(value)
    else:
        # What jsonschema alone would let pass: 3.0 as a whole number, a line break after the end.
        assert not judge(value) or spoilt in (3.0, "x\n")


@pytest.mark.parametrize("keyword", ["oneOf", "format", "$ref", "uniqueItems"])
def test_a_keyword_it_does_not_know_is_left_to_the_judge(keyword: str) -> None:
    assert not accepts({"type": "string", keyword: []}, "x")


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string", "enum": ["a"]}, "a", "b"),
        ({"type": "string", "pattern": "^a$"}, "a", "b"),
        ({"type": "string", "maxLength": 1}, "a", "aa"),
        ({"type": "integer", "minimum": 1}, 1, 0),
        ({"type": "integer", "maximum": 1}, 1, 2),
        ({"type": "integer"}, 1, True),
        ({"type": "boolean"}, True, 1),
        ({"type": "array", "items": {"type": "string"}}, ["a"], [1]),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, ["a"], []),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 1}, ["a"], ["a", "b"]),
        ({"type": "object", "properties": {}, "additionalProperties": False}, {}, {"a": 1}),
        ({"type": "object", "properties": {}, "required": ["a"], "additionalProperties": False}, None, {}),
    ],
)
def test_each_keyword_it_knows_is_judged_as_jsonschema_does(
    schema: dict[str, Any], good: Any, bad: Any
) -> None:
    validator = jsonschema.Draft202012Validator(schema)
    assert not accepts(schema, bad)
    assert not validator.is_valid(bad)
    assert accepts(schema, good) == validator.is_valid(good)
