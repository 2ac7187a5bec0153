import pytest

from charts_py.contract import flows, names
from charts_py.contract.platform import ServiceMesh
from charts_py.contract.region import Region
from charts_py.resources import sidecar

PLAIN = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")
MESH = Region(
    environment="lab", name="lab-1", cluster="lab-1", version="3.0.0", service_mesh=ServiceMesh(enabled=True)
)
APPS = [workload.app for workload in flows.WORKLOADS]


@pytest.mark.parametrize("app", APPS)
def test_without_a_mesh_no_pod_mentions_it(app: str) -> None:
    assert sidecar.pod_labels(PLAIN, app) == {}
    assert sidecar.pod_annotations(PLAIN, app) == {}


@pytest.mark.parametrize("app", APPS)
def test_with_a_mesh_every_pod_says_whether_it_has_a_sidecar(app: str) -> None:
    expected = "false" if app == names.DWCP else "true"
    assert sidecar.pod_labels(MESH, app) == {"sidecar.istio.io/inject": expected}


def test_etcd_ports_bypass_the_sidecar_in_both_directions() -> None:
    annotations = sidecar.pod_annotations(MESH, names.CONSENSUS)
    assert annotations[sidecar.EXCLUDE_INBOUND] == "2379,2380,8081"
    assert annotations[sidecar.EXCLUDE_OUTBOUND] == "2379,2380"


def test_the_api_dials_nothing_around_its_sidecar() -> None:
    annotations = sidecar.pod_annotations(MESH, names.API)
    assert annotations[sidecar.EXCLUDE_INBOUND] == "8081"
    assert sidecar.EXCLUDE_OUTBOUND not in annotations


def test_a_pod_outside_the_mesh_has_no_sidecar_annotations() -> None:
    assert sidecar.pod_annotations(MESH, names.DWCP) == {}
