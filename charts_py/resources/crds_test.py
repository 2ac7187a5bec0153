from charts_py.resources import crds


def definitions():
    return {manifest["spec"]["names"]["shortNames"][0]: manifest for manifest in crds.manifests()}


def spec_of(short):
    (version,) = definitions()[short]["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


def every_schema(schema):
    yield schema
    for below in schema.get("properties", {}).values():
        yield from every_schema(below)
    if "items" in schema:
        yield from every_schema(schema["items"])


def test_the_short_names_are_those_that_people_type():
    assert set(definitions()) == {"ncc", "ncr", "dwcpfed"}


def test_schemas_are_structural():
    for short in definitions():
        for schema in every_schema(spec_of(short)):
            assert "type" in schema
            assert "$ref" not in schema
            assert not ("properties" in schema and "additionalProperties" in schema)


def test_quorum_odd_counts_and_stream_order_are_validated_by_the_api_server():
    rules = {
        rule["rule"]
        for schema in every_schema(spec_of("ncc"))
        for rule in schema.get("x-kubernetes-validations", [])
    }

    assert {
        "self.nodes % 2 == 1",
        "!has(self.quorumSize) || self.quorumSize == self.nodes / 2 + 1",
        "self.minStreams <= self.maxStreams",
    } <= rules


def test_a_regions_name_is_immutable():
    rules = [rule["rule"] for rule in spec_of("ncr")["x-kubernetes-validations"]]

    assert "self.region == oldSelf.region" in rules


def test_scaling_a_custom_resource_scales_its_voters():
    for short in ("ncc", "ncr"):
        (version,) = definitions()[short]["spec"]["versions"]
        assert version["subresources"]["scale"]["specReplicasPath"] == ".spec.dwcp.acp.nodes"
        assert version["subresources"]["status"] == {}


def test_every_list_that_a_rule_looks_into_is_bounded():
    for short in definitions():
        for schema in every_schema(spec_of(short)):
            if schema["type"] == "array" and any(
                "x-kubernetes-validations" in below for below in every_schema(schema["items"])
            ):
                assert schema["maxItems"] <= 128
