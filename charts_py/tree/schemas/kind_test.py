from __future__ import annotations

import pytest

from charts_py.tree.schemas.kind import GroupVersionKind


@pytest.mark.parametrize("text", ["apps/v1 Deployment", "v1 Pod", "networking.istio.io/v1 Gateway"])
def test_a_kind_is_read_as_it_is_written(text):
    assert str(GroupVersionKind.parse(text)) == text


@pytest.mark.parametrize("text", ["", "v1", "Pod", "a/b/v1 Pod", "/v1 Pod", "apps/ Pod", "apps/v1 Pod Pod"])
def test_anything_else_is_refused_with_the_form_that_is_allowed(text):
    with pytest.raises(ValueError, match="group/version Kind"):
        GroupVersionKind.parse(text)


def test_two_groups_with_the_same_kind_have_different_schema_files():
    istio = GroupVersionKind.parse("networking.istio.io/v1 Gateway")
    other = GroupVersionKind.parse("gateway.networking.k8s.io/v1 Gateway")
    assert istio.schema_path == "networking.istio.io/gateway_v1.json"
    assert other.schema_path != istio.schema_path


def test_a_core_kind_lies_under_its_version_as_kubeconform_looks_for_it():
    assert GroupVersionKind.parse("v1 ConfigMap").schema_path == "v1/configmap_v1.json"
