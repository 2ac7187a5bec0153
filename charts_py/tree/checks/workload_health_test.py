import pytest

from charts_py.tree.checks.baseline import Baseline
from charts_py.tree.checks.workload_health import image_tag

API = "Deployment.apps novacron/novacron-api"
CONTAINER = "spec.template.spec.containers[0]"


@pytest.mark.parametrize("probe", ["liveness", "readiness"])
def test_a_container_that_stays_has_both_probes(tree: Baseline, probe: str) -> None:
    del tree.container()[f"{probe}Probe"]
    tree.breaks(f"{probe}-probe-missing", API, f"{CONTAINER}.{probe}Probe")


def test_an_image_has_a_tag(tree: Baseline) -> None:
    tree.container()["image"] = "registry.example:5000/novacron/api"
    tree.breaks("image-untagged", API, f"{CONTAINER}.image")


def test_an_image_is_never_latest_even_with_a_digest(tree: Baseline) -> None:
    tree.container()["image"] = "novacron/api:latest@sha256:" + "0" * 64
    tree.breaks("image-latest", API, f"{CONTAINER}.image")


def test_a_digest_is_enough(tree: Baseline) -> None:
    tree.container()["image"] = "novacron/api@sha256:" + "0" * 64
    tree.keeps("image-untagged")


def test_a_registrys_port_is_no_tag() -> None:
    assert image_tag("registry.example:5000/novacron/api") == ""
    assert image_tag("registry.example:5000/novacron/api:3.0.0@sha256:00") == "3.0.0"


@pytest.mark.parametrize(
    ("side", "value"), [("maxUnavailable", 1), ("maxUnavailable", "25%"), ("maxSurge", 0)]
)
def test_an_update_of_the_api_never_loses_capacity(tree: Baseline, side: str, value: object) -> None:
    tree.get("Deployment", "novacron-api")["spec"]["strategy"]["rollingUpdate"][side] = value
    tree.breaks("update-loses-capacity", API, f"spec.strategy.rollingUpdate.{side}")


def test_the_default_strategy_of_kubernetes_loses_capacity(tree: Baseline) -> None:
    del tree.get("Deployment", "novacron-api")["spec"]["strategy"]
    tree.breaks("update-loses-capacity", API, "spec.strategy.rollingUpdate.maxUnavailable")


def test_the_api_is_never_recreated(tree: Baseline) -> None:
    tree.get("Deployment", "novacron-api")["spec"]["strategy"] = {"type": "Recreate"}
    tree.breaks("update-loses-capacity", API, "spec.strategy.type")


def test_a_served_deployment_waits_before_it_stops(tree: Baseline) -> None:
    del tree.container()["lifecycle"]
    tree.breaks("pre-stop-missing", API, f"{CONTAINER}.lifecycle.preStop")


@pytest.mark.parametrize(
    "hook", [{"sleep": {"seconds": 60}}, {"exec": {"command": ["/bin/sh", "-c", "sleep 59; sleep 1"]}}]
)
def test_the_grace_period_outlasts_the_sleep(tree: Baseline, hook: dict[str, object]) -> None:
    tree.container()["lifecycle"]["preStop"] = hook
    tree.breaks("grace-shorter-than-pre-stop", API, "spec.template.spec.terminationGracePeriodSeconds")


def test_the_default_grace_period_counts(tree: Baseline) -> None:
    del tree.pod()["terminationGracePeriodSeconds"]
    tree.container()["lifecycle"]["preStop"] = {"sleep": {"seconds": 30}}
    tree.breaks("grace-shorter-than-pre-stop", API, "spec.template.spec.terminationGracePeriodSeconds")
