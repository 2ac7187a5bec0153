import pytest

from charts_py.tree.checks.baseline import Baseline

API = "Deployment.apps novacron/novacron-api"
FIELD = "spec.template.spec.containers[0].resources"
QUOTA = "ResourceQuota novacron/novacron"


@pytest.mark.parametrize("resource", ["cpu", "memory"])
def test_a_container_requests_cpu_and_memory(tree: Baseline, resource: str) -> None:
    del tree.container()["resources"]["requests"][resource]
    tree.breaks("requests-missing", API, f"{FIELD}.requests.{resource}")


def test_a_container_has_a_memory_limit(tree: Baseline) -> None:
    del tree.container()["resources"]["limits"]
    tree.breaks("memory-limit-missing", API, f"{FIELD}.limits.memory")


def test_a_limit_is_at_least_the_request(tree: Baseline) -> None:
    tree.container()["resources"]["limits"]["memory"] = "127Mi"
    tree.breaks("limit-below-request", API, f"{FIELD}.limits.memory")


@pytest.mark.parametrize(
    ("resource", "value"),
    [("requests.cpu", "10.5"), ("requests.memory", "13Gi"), ("limits.memory", "26Gi"), ("pods", "105")],
)
def test_a_quota_holds_the_hpas_maximum_the_voters_and_one_pod_of_an_update(
    tree: Baseline, resource: str, value: str
) -> None:
    tree.get("ResourceQuota", "novacron")["spec"]["hard"][resource] = value
    tree.breaks("quota-too-small", QUOTA, f"spec.hard[{resource}]")


def test_a_quota_without_a_prefix_is_about_requests(tree: Baseline) -> None:
    tree.get("ResourceQuota", "novacron")["spec"]["hard"] = {"cpu": "10.5"}
    tree.breaks("quota-too-small", QUOTA, "spec.hard[cpu]")


def test_a_large_init_container_counts_for_its_pod(tree: Baseline) -> None:
    init = {"name": "init", "image": "x:1", "resources": {"requests": {"cpu": "1", "memory": "1Mi"}}}
    tree.pod()["initContainers"] = [init]
    tree.breaks("quota-too-small", QUOTA, "spec.hard[requests.cpu]")
