from typing import Any

import pytest

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks.pods import TEMPLATE_FIELDS, template_of

SPEC: dict[str, Any] = {
    "initContainers": [
        {"name": "once", "ports": [{"containerPort": 1}]},
        {"name": "proxy", "restartPolicy": "Always", "ports": [{"name": "p", "containerPort": 2}]},
    ],
    "containers": [{"name": "main", "ports": [{"containerPort": 3, "protocol": "UDP"}]}],
}


@pytest.mark.parametrize(("group", "kind"), list(TEMPLATE_FIELDS))
def test_the_template_of_every_kind_that_makes_pods_is_found(group: str, kind: str) -> None:
    body: dict[str, Any] = {"metadata": {"name": "x", "namespace": "n"}, "spec": SPEC}
    for step in reversed(TEMPLATE_FIELDS[group, kind]):
        body = {step: body}
    manifest: Manifest = {
        **body,
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": kind,
        "metadata": {"name": "x", "namespace": "n"},
    }
    pod = template_of(ObjectId.of(manifest), manifest)
    assert pod is not None
    prefix = ".".join(TEMPLATE_FIELDS[group, kind])
    assert pod.containers[-1].field == (f"{prefix}.spec.containers[0]" if prefix else "spec.containers[0]")


def test_a_kind_that_makes_no_pods_has_no_template() -> None:
    manifest: Manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": SPEC}
    assert template_of(ObjectId.of(manifest), manifest) is None


def test_a_sidecars_ports_are_the_pods_and_an_init_containers_are_not() -> None:
    manifest: Manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": SPEC}
    pod = template_of(ObjectId.of(manifest), manifest)
    assert pod is not None
    assert pod.has_port(2) and pod.has_port("p") and not pod.has_port(1)
    assert pod.has_port(3, "UDP") and not pod.has_port(3, "TCP")
    assert pod.service_account == "default"
