from charts_py.contract.platform import ServiceMesh
from charts_py.contract.region import Region
from charts_py.resources import mesh

PLAIN = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")
MESH = Region(
    environment="lab", name="lab-1", cluster="lab-1", version="3.0.0", service_mesh=ServiceMesh(enabled=True)
)


def test_a_region_without_a_mesh_has_nothing_of_istio() -> None:
    assert mesh.manifests(PLAIN) == []


def test_a_region_with_a_mesh_has_its_security_traffic_and_telemetry() -> None:
    groups = {obj["apiVersion"].partition("/")[0] for obj in mesh.manifests(MESH)}
    assert groups == {"security.istio.io", "networking.istio.io", "telemetry.istio.io"}


def test_no_object_is_made_twice() -> None:
    ids = [
        (obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in mesh.manifests(MESH)
    ]
    assert len(ids) == len(set(ids))
