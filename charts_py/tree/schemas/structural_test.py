from __future__ import annotations

import pytest

from charts_py.tree.schemas.kind import GroupVersionKind
from charts_py.tree.schemas.structural import SchemaError, schemas_of_crd, strict

WIDGET = GroupVersionKind.parse("example.com/v1 Widget")


def crd(root, **version):
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [{"name": "v1", "served": True, "schema": {"openAPIV3Schema": root}, **version}],
        },
    }


def translated(node):
    return strict(node, where="spec")


def test_prose_and_rules_without_a_json_schema_form_are_left_out():
    node = {
        "type": "string",
        "description": "d",
        "title": "t",
        "default": "x",
        "example": "e",
        "externalDocs": {},
        "x-kubernetes-validations": [{"rule": "self == oldSelf"}],
    }
    assert translated(node) == {"type": "string"}


def test_a_property_named_like_a_keyword_is_kept():
    node = {
        "type": "object",
        "properties": {"description": {"type": "string"}, "default": {"type": "integer"}},
    }
    assert translated(node)["properties"] == {
        "description": {"type": "string"},
        "default": {"type": "integer"},
    }


@pytest.mark.parametrize(
    "constraint",
    [
        {"enum": ["a"]},
        {"pattern": "^a$"},
        {"minLength": 1},
        {"maxLength": 2},
        {"minimum": 0},
        {"maximum": 5},
        {"exclusiveMinimum": True},
        {"exclusiveMaximum": True},
        {"multipleOf": 2},
        {"minItems": 1},
        {"maxItems": 3},
        {"uniqueItems": True},
        {"minProperties": 1},
        {"maxProperties": 4},
        {"format": "date-time"},
    ],
)
def test_every_constraint_is_kept(constraint):
    assert translated(constraint) == constraint


def test_a_format_that_kubeconform_does_not_check_is_left_out():
    assert translated({"type": "integer", "format": "int32"}) == {"type": "integer"}


def test_an_object_refuses_fields_that_it_does_not_declare():
    node = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert translated(node)["additionalProperties"] is False


def test_an_object_without_fields_refuses_all_of_them_as_the_server_would_prune_them():
    assert translated({"type": "object"}) == {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }


def test_a_map_keeps_the_schema_of_its_values():
    node = {
        "type": "object",
        "additionalProperties": {"type": "object", "properties": {"a": {"type": "string"}}},
    }
    values = translated(node)["additionalProperties"]
    assert values["additionalProperties"] is False
    assert values["properties"] == {"a": {"type": "string"}}


def test_preserved_unknown_fields_are_allowed_but_not_below_declared_ones():
    node = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}}}},
    }
    schema = translated(node)
    assert schema["additionalProperties"] is True
    assert schema["properties"]["a"]["additionalProperties"] is False


def test_a_node_that_preserves_everything_and_has_no_type_takes_any_value():
    assert translated({"x-kubernetes-preserve-unknown-fields": True}) == {}


def test_int_or_string_is_said_by_its_type():
    both = [{"type": "integer"}, {"type": "string"}]
    expected = {"type": ["integer", "string"], "pattern": "^a"}
    assert translated({"x-kubernetes-int-or-string": True, "pattern": "^a"}) == expected
    assert translated({"x-kubernetes-int-or-string": True, "pattern": "^a", "anyOf": both}) == expected
    nested = {"x-kubernetes-int-or-string": True, "allOf": [{"anyOf": both}, {"pattern": "^a"}]}
    assert translated(nested) == {"type": ["integer", "string"], "allOf": [{"pattern": "^a"}]}


def test_int_or_string_keeps_other_alternatives():
    node = {"x-kubernetes-int-or-string": True, "anyOf": [{"enum": [1]}, {"enum": ["a"]}]}
    assert translated(node)["anyOf"] == [{"enum": [1]}, {"enum": ["a"]}]


def test_a_nullable_field_takes_null_also_beside_an_enum():
    assert translated({"type": "string", "nullable": True, "enum": ["a"]}) == {
        "type": ["string", "null"],
        "enum": ["a", None],
    }


def test_a_required_field_with_a_default_may_be_left_out():
    node = {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": {"type": "string", "default": "x"}, "b": {"type": "string"}},
    }
    assert translated(node)["required"] == ["b"]


def test_a_list_that_is_a_set_has_unique_items():
    node = {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}
    assert translated(node)["uniqueItems"] is True
    assert "uniqueItems" not in translated({**node, "x-kubernetes-list-type": "atomic"})


@pytest.mark.parametrize("junctor", ["allOf", "anyOf", "oneOf"])
def test_branches_of_a_junctor_do_not_refuse_fields_that_others_declare(junctor):
    branch = {"required": ["a"], "properties": {"a": {"not": {"enum": ["x"]}}}}
    node = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        junctor: [branch],
    }
    assert translated(node)[junctor] == [branch]


def test_an_embedded_object_must_say_what_it_is():
    node = {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "x-kubernetes-preserve-unknown-fields": True,
    }
    schema = translated(node)
    assert schema["required"] == ["apiVersion", "kind"]
    assert schema["additionalProperties"] is True


def test_an_unknown_keyword_is_an_error_with_its_path_and_never_lost():
    with pytest.raises(SchemaError, match=r"spec\.a\[\].*'dependentRequired'"):
        translated({"properties": {"a": {"items": {"dependentRequired": {}}}}})


def test_the_root_pins_api_version_and_kind_and_wants_metadata():
    schema = schemas_of_crd(
        crd({"type": "object", "required": ["spec"], "properties": {"spec": {"type": "string"}}})
    )[WIDGET]
    assert schema["required"] == ["apiVersion", "kind", "metadata", "spec"]
    assert schema["properties"]["apiVersion"]["enum"] == ["example.com/v1"]
    assert schema["properties"]["kind"]["enum"] == ["Widget"]
    assert schema["additionalProperties"] is False


def test_status_is_refused_where_the_server_would_drop_it():
    root = {"type": "object", "required": ["status"], "properties": {"status": {"type": "object"}}}
    kept = schemas_of_crd(crd(root))[WIDGET]
    dropped = schemas_of_crd(crd(root, subresources={"status": {}}))[WIDGET]
    assert "status" in kept["properties"]
    assert "status" not in dropped["properties"]
    assert "status" not in dropped["required"]


def test_a_version_that_is_not_served_has_no_schema():
    assert schemas_of_crd(crd({"type": "object"}, served=False)) == {}


@pytest.mark.parametrize(
    "broken",
    [
        {"apiVersion": "apiextensions.k8s.io/v1beta1", "kind": "CustomResourceDefinition"},
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": {"group": "a"}},
        {**crd({"type": "object"}), "spec": {"group": "a", "names": {"kind": "A"}, "versions": [3]}},
        crd({"type": "object"}, schema={}),
    ],
)
def test_a_definition_that_is_not_in_the_form_of_v1_is_a_clear_error(broken):
    with pytest.raises(SchemaError, match="v1"):
        schemas_of_crd(broken)
