from __future__ import annotations

from typing import Any

import cdk8s
import constructs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charts_py.charts.manifests import ManifestError, Manifests, RenderError, render
from charts_py.contract.manifest import Manifest


def config_map(name: str = "settings", **fields: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "novacron"},
        **fields,
    }


def rendered(*manifests: Manifest, chart: cdk8s.Chart | None = None) -> list[Manifest]:
    chart = chart or cdk8s.Chart(cdk8s.App(), "chart")
    Manifests(chart, "part", manifests)
    return [manifest for _, manifest in render(chart)]


def keys(value: Any) -> Any:
    """The keys of a value in their order, all the way down."""
    if isinstance(value, dict):
        return [(key, keys(item)) for key, item in value.items()]
    return [keys(item) for item in value] if isinstance(value, list) else None


def test_objects_come_out_in_the_order_in_which_they_went_in() -> None:
    names = ["zulu", "alpha", "mike"]
    assert [m["metadata"]["name"] for m in rendered(*map(config_map, names))] == names


def test_each_object_knows_the_component_that_made_it() -> None:
    chart = cdk8s.Chart(cdk8s.App(), "chart")
    Manifests(chart, "api", [config_map("a")])
    Manifests(constructs.Construct(chart, "mesh"), "inner", [config_map("b")])
    assert [(component, m["metadata"]["name"]) for component, m in render(chart)] == [
        ("api", "a"),
        ("mesh", "b"),
    ]


def test_lists_that_are_rendered_in_another_order_than_they_were_made_are_kept_apart() -> None:
    chart = cdk8s.Chart(cdk8s.App(), "chart")
    first = constructs.Construct(chart, "first")
    Manifests(chart, "second", [config_map("b")])
    Manifests(first, "inner", [config_map("a")])
    assert [m["metadata"]["name"] for _, m in render(chart)] == ["a", "b"]


def test_each_object_is_a_cdk8s_api_object_that_others_can_find() -> None:
    chart = cdk8s.Chart(cdk8s.App(), "chart")
    Manifests(chart, "api", [config_map("a"), config_map("b")])
    found = [child.name for child in chart.node.find_all() if isinstance(child, cdk8s.ApiObject)]
    assert found == ["a", "b"]


def test_metadata_and_data_keep_the_order_in_which_people_write_them() -> None:
    given = config_map(data={"z": "1", "a": "2"})
    given["metadata"] |= {"labels": {"z": "1", "a": "2"}, "annotations": {"y": "1", "b": "2"}}
    assert keys(rendered(given)) == keys([given])


def test_keys_that_look_like_integers_keep_their_place() -> None:
    given = config_map(
        data={"http": "a", "8080": "b", "80": 'c","7":', "0": {"10": 1, "9": [{"b": 1, "1": 2}]}}
    )
    assert keys(rendered(given)) == keys([given])


json_values = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=6), json_values, max_size=5))
def test_any_json_comes_out_as_it_went_in(data: dict[str, Any]) -> None:
    given = config_map(data=data)
    result = rendered(given)
    assert result == [given]
    assert keys(result) == keys([given])


def test_a_chart_namespace_is_not_stamped_on_cluster_scoped_kinds() -> None:
    chart = cdk8s.Chart(cdk8s.App(), "chart", namespace="elsewhere")
    role: Manifest = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "r"},
    }
    assert rendered(role, config_map(), chart=chart) == [role, config_map()]


def test_a_null_that_cdk8s_would_drop_is_an_error_that_names_it() -> None:
    with pytest.raises(
        RenderError, match=r"ConfigMap novacron/settings at spec\.items\[1\]\.b: None was dropped"
    ):
        rendered(config_map(spec={"items": [{}, {"b": None}]}))


def test_a_number_that_javascript_cannot_hold_is_an_error_that_names_it() -> None:
    with pytest.raises(RenderError, match=r"at spec\.most: 9223372036854775807 became"):
        rendered(config_map(spec={"most": 2**63 - 1}))


def test_labels_that_a_chart_adds_are_an_error_because_the_contract_owns_labels() -> None:
    chart = cdk8s.Chart(cdk8s.App(), "chart", labels={"team": "a"})
    with pytest.raises(RenderError, match=r"at metadata\.labels: \{'team': 'a'\} was added"):
        rendered(config_map(), chart=chart)


def test_an_object_outside_of_every_component_is_an_error() -> None:
    chart = cdk8s.Chart(cdk8s.App(), "chart")
    cdk8s.ApiObject(chart, "stray", api_version="v1", kind="ConfigMap", metadata={"name": "stray"})
    with pytest.raises(RenderError, match="0 objects went into cdk8s and 1 came out: ConfigMap stray"):
        render(chart)


def test_objects_in_are_objects_out_counted() -> None:
    chart = cdk8s.Chart(cdk8s.App(), "chart")
    part = Manifests(chart, "part", [config_map("kept"), config_map("lost")])
    part.node.try_remove_child("ConfigMap. novacron lost")
    with pytest.raises(
        RenderError, match="2 objects went into cdk8s and 1 came out: ConfigMap novacron/lost"
    ):
        render(chart)


def test_two_objects_of_one_identity_are_refused_before_cdk8s_sees_them() -> None:
    with pytest.raises(ManifestError, match="part: two objects are ConfigMap novacron/settings"):
        rendered(config_map(), config_map())


def test_objects_that_differ_by_group_only_are_two_objects() -> None:
    one = {**config_map(), "kind": "Cluster", "apiVersion": "a.io/v1"}
    other = {**one, "apiVersion": "b.io/v1"}
    assert rendered(one, other) == [one, other]


def test_a_manifest_without_a_name_is_refused_so_that_cdk8s_never_invents_one() -> None:
    with pytest.raises(ManifestError, match=r"part\[0\] is no manifest"):
        rendered({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}})


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(ManifestError, match="JSON-compatible"):
        rendered(config_map(data=value))
