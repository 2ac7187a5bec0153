import jsonschema
import pytest

from charts_py.contract.crds import DWCPFederationSpec, NovaCronClusterSpec, NovaCronRegionSpec
from charts_py.contract.dwcp import Dwcp
from charts_py.contract.environment import FleetFile
from charts_py.contract.json_schema import json_schema, strip_optional
from charts_py.contract.load import load
from charts_py.contract.setting import plain

EVERY_SHAPE = [FleetFile, NovaCronClusterSpec, NovaCronRegionSpec, DWCPFederationSpec]


def every_schema(schema):
    yield schema
    for below in schema.get("properties", {}).values():
        yield from every_schema(below)
    if "items" in schema:
        yield from every_schema(schema["items"])


@pytest.mark.parametrize("shape", EVERY_SHAPE)
def test_every_shape_gives_a_valid_json_schema(shape):
    jsonschema.Draft202012Validator.check_schema(json_schema(shape, strict=True))


@pytest.mark.parametrize("shape", EVERY_SHAPE)
def test_every_setting_is_described(shape):
    settings = [
        setting
        for schema in every_schema(json_schema(shape, strict=False))
        for setting in schema.get("properties", {}).values()
    ]

    assert all(setting["description"] for setting in settings)


@pytest.mark.parametrize("shape", EVERY_SHAPE)
def test_a_strict_schema_refuses_unknown_keys_at_every_depth(shape):
    objects = [below for below in every_schema(json_schema(shape, strict=True)) if "properties" in below]

    assert all(below["additionalProperties"] is False for below in objects)


def test_defaults_satisfy_the_schema_that_states_them():
    jsonschema.validate(plain(Dwcp()), json_schema(Dwcp, strict=True))


def test_settings_survive_the_way_out_and_back():
    dwcp = load(Dwcp, {"amst": {"minStreams": 4, "maxStreams": 8}, "acp": {"nodes": 7, "quorumSize": 4}})

    assert load(Dwcp, plain(dwcp)) == dwcp


def test_rules_become_validations_only_where_the_api_server_reads_them():
    assert "x-kubernetes-validations" in json_schema(Dwcp, strict=False, cel=True)["properties"]["amst"]
    assert "x-kubernetes-validations" not in json_schema(Dwcp, strict=False)["properties"]["amst"]


def test_a_union_of_two_types_is_no_settings_type():
    with pytest.raises(TypeError, match="no settings type"):
        strip_optional(int | str)
