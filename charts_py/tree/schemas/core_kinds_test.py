from __future__ import annotations

import json

import pytest

from charts_py.tree.schemas.core_kinds import CoreSchemas, minor
from charts_py.tree.schemas.kind import GroupVersionKind
from charts_py.tree.schemas.structural import SchemaError

WIDGET = GroupVersionKind.parse("example.com/v1 Widget")
REF = "#/$defs/"


def bundle(**definitions):
    widget = {
        "type": ["object", "null"],
        "description": "prose",
        "properties": {"spec": {"$ref": f"{REF}Spec", "description": "prose"}},
        "additionalProperties": False,
        "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}],
    }
    return CoreSchemas({"Widget": widget, **definitions})


def test_a_kind_is_one_file_with_only_the_definitions_it_reaches():
    schema = bundle(
        Spec={"type": "object", "properties": {"self": {"$ref": f"{REF}Spec"}}}, Unused={"type": "string"}
    ).schema(WIDGET)
    assert set(schema["definitions"]) == {"Spec"}
    assert schema["properties"]["spec"] == {"$ref": "#/definitions/Spec"}
    assert schema["definitions"]["Spec"]["properties"]["self"] == {"$ref": "#/definitions/Spec"}
    assert "prose" not in json.dumps(schema)


def test_null_is_refused_where_the_bundle_would_let_it_through():
    assert bundle(Spec={"type": ["string", "null"]}).schema(WIDGET)["definitions"]["Spec"] == {
        "type": "string"
    }


def test_a_broken_reference_is_an_error_that_names_it():
    with pytest.raises(SchemaError, match=r"Widget.*Nowhere"):
        bundle(Spec={"items": {"$ref": f"{REF}Nowhere"}}).schema(WIDGET)


@pytest.mark.parametrize("version", ["1.35", "1.36.4", "v1.37.0"])
def test_every_supported_version_has_every_kind_whole(version):
    core = CoreSchemas.load(version)
    for text in ("v1 Pod", "apps/v1 Deployment", "apiextensions.k8s.io/v1 CustomResourceDefinition"):
        schema = core.schema(GroupVersionKind.parse(text))
        assert "$defs" not in json.dumps(schema)
        assert schema["required"][:3] == ["apiVersion", "kind", "metadata"]


def test_an_unknown_version_is_an_error_that_lists_the_known_ones():
    with pytest.raises(SchemaError, match=r"1\.99.*1\.36, 1\.37"):
        CoreSchemas.load("1.99")


@pytest.mark.parametrize("version", ["", "1", "1.x", "latest", "1.2.3.4"])
def test_what_is_no_version_is_refused(version):
    with pytest.raises(SchemaError, match=r"1\.37"):
        minor(version)
