import pytest

from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks.mesh_hosts import covers, resolve
from charts_py.tree.checks.view import ClusterView

SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "n"}}
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
VIEW = ClusterView([(ObjectId.of(item), item) for item in (SERVICE, NAMESPACE)])


@pytest.mark.parametrize("host", ["api", "api.n.svc.cluster.local", "*.n.svc.cluster.local"])
def test_a_name_that_istio_completes_is_a_service(host: str) -> None:
    assert resolve(VIEW, host, "n") is not None


@pytest.mark.parametrize("host", ["", "api.n", "api.n.svc", "ap", "api.m.svc.cluster.local", "example.com"])
def test_a_name_that_istio_does_not_complete_is_nothing(host: str) -> None:
    assert resolve(VIEW, host, "n") is None


def test_a_short_name_is_looked_for_in_the_namespace_of_its_object() -> None:
    assert resolve(VIEW, "api", "m") is None


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("*", "a.example", True),
        ("*.example", "a.example", True),
        ("*.example", "a.b.example", True),
        ("*.example", "example", False),
        ("*.example", "*.example", True),
        ("a.example", "b.example", False),
    ],
)
def test_a_wildcard_covers_every_name_below_it(pattern: str, host: str, covered: bool) -> None:
    assert covers(pattern, host) is covered
