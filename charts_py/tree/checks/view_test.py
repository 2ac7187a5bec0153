from typing import Any

import pytest

from charts_py.contract.external import External
from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks.selectors import of_labels
from charts_py.tree.checks.view import POD_NAME_LABEL, ClusterView, nearest


def workload(kind: str, name: str, labels: dict[str, str]) -> Manifest:
    template: dict[str, Any] = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main"}]}}
    metadata = {"name": name, "namespace": "n"}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": {"template": template}}


def view(*manifests: Manifest, external: tuple[External, ...] = ()) -> ClusterView:
    return ClusterView([(ObjectId.of(item), item) for item in manifests], external)


def outside(**labels: str) -> External:
    pods = tuple(labels.items())
    return External(
        group="apps", kind="Deployment", namespace="n", name="theirs", owner="others", labels=pods
    )


@pytest.mark.parametrize(
    ("kind", "pod", "selected"),
    [
        ("StatefulSet", "db-0", True),
        ("StatefulSet", "db-x", False),
        ("StatefulSet", "d-0", False),
        ("Deployment", "db-0", False),
    ],
)
def test_a_member_is_selected_by_its_pod_name_only_in_a_stateful_set(
    kind: str, pod: str, selected: bool
) -> None:
    found = view(workload(kind, "db", {"app": "db"}))
    assert found.selects(of_labels({"app": "db", POD_NAME_LABEL: pod}), ["n"]) is selected


def test_an_external_workload_runs_the_pods_that_its_labels_say() -> None:
    found = view(external=(outside(app="theirs"),))
    assert found.selects(of_labels({"app": "theirs"}), ["n"])
    assert not found.selects(of_labels({"app": "other"}), ["n"])
    assert not found.selects(of_labels({"app": "theirs"}), ["m"])


def test_an_external_workload_without_labels_may_run_any_pod() -> None:
    assert view(external=(outside(),)).selects(of_labels({"app": "whatever"}), ["n"])


def test_an_external_is_used_once_somebody_asked_for_it() -> None:
    found = view(external=(outside(),))
    assert found.used == set()
    assert found.exists("apps", "Deployment", "n", "theirs")
    assert {item.name for item in found.used} == {"theirs"}


def test_a_namespace_carries_its_name_as_a_label() -> None:
    found = view({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    assert found.namespaces_matching(of_labels({"kubernetes.io/metadata.name": "n"})) == ["n"]
    assert "kube-system" in found.namespaces_matching({})


def test_a_hint_names_the_closest_first_and_nothing_if_there_is_nothing() -> None:
    assert nearest("novacron-ap", ["zebra", "novacron-api"]) == " (there is novacron-api)"
    assert nearest("x", []) == ""
