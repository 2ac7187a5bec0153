import jsonschema

from charts_py.fleet.shape import written_shape


def test_the_shape_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(written_shape())


def test_an_override_may_give_any_part_of_the_settings() -> None:
    validator = jsonschema.Draft202012Validator(written_shape())
    part = {"api": {"resources": {"limits": {"memory": "1Gi"}}}, "security": {"issuer": {"kind": "Issuer"}}}
    region = {"name": "r", **part}
    validator.validate({"environment": "a", "version": "3.0.0", "defaults": part, "regions": [region]})


def test_what_is_not_merged_keeps_its_required_keys() -> None:
    properties = written_shape()["properties"]
    assert written_shape()["required"] == ["environment", "version", "regions"]
    assert properties["regions"]["items"]["required"] == ["name"]
    assert properties["waivers"]["items"]["required"] == ["rule", "object", "reason", "expires"]
