from dataclasses import replace
from typing import Any

import pytest

from charts_py.contract import names
from charts_py.contract.dwcp import CONSENSUS_SIZES, quorum
from charts_py.contract.platform import ServiceMesh
from charts_py.contract.region import Region
from charts_py.contract.workloads import Api
from charts_py.resources import mesh_traffic

INNER = Region(
    environment="lab", name="lab-1", cluster="lab-1", version="3.0.0", service_mesh=ServiceMesh(enabled=True)
)
PUBLIC = replace(INNER, api=Api(host="api.lab.example"))


def specs(region: Region) -> dict[tuple[str, str], dict[str, Any]]:
    return {(obj["kind"], obj["metadata"]["name"]): obj["spec"] for obj in mesh_traffic.manifests(region)}


def test_without_a_public_host_there_is_no_entry() -> None:
    assert {kind for kind, _ in specs(INNER)} == {"DestinationRule"}


def test_the_public_host_is_served_over_tls_and_redirected_to_it() -> None:
    https, http = specs(PUBLIC)[("Gateway", names.API)]["servers"]
    assert https["tls"]["credentialName"] == PUBLIC.service_mesh.gateway_secret
    assert http["tls"] == {"httpsRedirect": True}
    assert https["hosts"] == http["hosts"] == ["./api.lab.example"]


def test_the_route_is_bound_to_the_gateway_and_the_apis_service_port() -> None:
    route = specs(PUBLIC)[("VirtualService", names.API)]
    assert route["hosts"] == ["api.lab.example"]
    assert route["gateways"] == [names.API]
    for rule in route["http"]:
        (entry,) = rule["route"]
        assert entry["destination"] == {
            "host": "novacron-api.novacron.svc.cluster.local",
            "port": {"number": 80},
        }


def test_a_write_is_repeated_only_if_no_server_saw_it() -> None:
    read, write = specs(PUBLIC)[("VirtualService", names.API)]["http"]
    assert "match" not in write
    assert set(write["retries"]["retryOn"].split(",")).isdisjoint({"5xx", "gateway-error", "reset"})
    assert "gateway-error" in read["retries"]["retryOn"].split(",")


@pytest.mark.parametrize("service", [names.API, names.CONSENSUS_CLIENT])
def test_failover_has_the_outlier_detection_that_istio_needs_for_it(service: str) -> None:
    policy = specs(INNER)[("DestinationRule", service)]["trafficPolicy"]
    assert policy["loadBalancer"]["localityLbSetting"]["enabled"] is True
    assert policy["outlierDetection"]["interval"]


@pytest.mark.parametrize("service", [names.API, names.CONSENSUS_CLIENT])
def test_a_zone_fails_over_to_the_regions_other_zones_before_any_other_region(service: str) -> None:
    policy = specs(INNER)[("DestinationRule", service)]["trafficPolicy"]
    assert policy["loadBalancer"]["localityLbSetting"]["failoverPriority"] == [
        "topology.istio.io/cluster",
        "topology.kubernetes.io/zone",
    ]


@pytest.mark.parametrize("nodes", CONSENSUS_SIZES)
def test_ejection_always_leaves_a_quorum_of_members(nodes: int) -> None:
    ejected = nodes * mesh_traffic.max_ejection_percent(nodes) // 100
    assert nodes - ejected >= quorum(nodes)


def test_every_rule_speaks_the_meshs_mutual_tls() -> None:
    for spec in specs(INNER).values():
        assert spec["trafficPolicy"]["tls"] == {"mode": "ISTIO_MUTUAL"}
