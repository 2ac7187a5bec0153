from __future__ import annotations

from dataclasses import replace
from typing import Any

from charts_py.contract.dwcp import Dwcp, Networking, Peer
from charts_py.contract.flows import FLOWS, Workload
from charts_py.contract.platform import Monitoring, Network, ServiceMesh
from charts_py.contract.region import Region
from charts_py.resources import network_policies

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")
FULL = replace(
    LAB,
    service_mesh=ServiceMesh(enabled=True),
    monitoring=Monitoring(prometheus=True),
    peers=(Peer(region="lab-2", endpoint="dwcp.lab-2.example:443", cidrs=("192.0.2.0/24",)),),
)


def policy(name: str, region: Region = FULL) -> dict[str, Any]:
    (found,) = [m for m in network_policies.manifests(region) if m["metadata"]["name"] == name]
    spec: dict[str, Any] = found["spec"]
    return spec


def ends(rules: list[dict[str, Any]], side: str) -> set[tuple[str, int]]:
    return {
        (next(iter(peer["podSelector"]["matchLabels"].values())), port["port"])
        for rule in rules
        for peer in rule[side]
        if "podSelector" in peer
        for port in rule["ports"]
    }


def test_both_namespaces_start_from_nothing_in_both_directions():
    denied = [m for m in network_policies.manifests(LAB) if m["metadata"]["name"] == "default-deny"]
    assert [m["metadata"]["namespace"] for m in denied] == ["novacron", "novacron-system"]
    for each in denied:
        assert each["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_every_flow_between_our_workloads_is_open_at_both_ends_and_no_other_is():
    wanted = {
        (flow.source.app, flow.target.app, port.number)
        for flow in FLOWS
        if isinstance(flow.source, Workload) and isinstance(flow.target, Workload)
        for port in flow.ports
    }
    apps = {app for source, target, _ in wanted for app in (source, target)}
    inward = {(o, a, p) for a in apps for o, p in ends(policy(a).get("ingress", []), "from") if o in apps}
    outward = {(a, o, p) for a in apps for o, p in ends(policy(a).get("egress", []), "to") if o in apps}
    assert inward == outward == wanted


def test_a_namespace_and_its_pods_are_one_condition():
    for each in network_policies.manifests(FULL):
        for rule in each["spec"].get("ingress", []) + each["spec"].get("egress", []):
            for peer in rule.get("from", []) + rule.get("to", []):
                if "podSelector" in peer:
                    assert "kubernetes.io/metadata.name" in peer["namespaceSelector"]["matchLabels"]


def test_every_workload_resolves_names_over_both_protocols():
    for app in ("novacron-api", "novacron-consensus", "novacron-dwcp-network", "novacron-operator"):
        (dns,) = [r for r in policy(app)["egress"] if {"protocol": "UDP", "port": 53} in r["ports"]]
        assert {"protocol": "TCP", "port": 53} in dns["ports"]


def test_a_dns_cache_on_the_node_is_asked_for_names_and_for_nothing_else():
    cache = {"ipBlock": {"cidr": "169.254.20.10/32"}}
    for each in network_policies.manifests(FULL):
        for rule in each["spec"].get("egress", []):
            resolves = {port["port"] for port in rule["ports"]} == {53}
            assert (cache in rule["to"]) == resolves


def test_with_a_mesh_only_its_gateway_reaches_the_api_and_without_one_any_pod_does():
    assert ("ingressgateway", 8080) in ends(policy("novacron-api")["ingress"], "from")
    assert {"namespaceSelector": {}} not in policy("novacron-api")["ingress"][0]["from"]
    assert policy("novacron-api", LAB)["ingress"] == [
        {"from": [{"namespaceSelector": {}}], "ports": [{"protocol": "TCP", "port": 8080}]}
    ]


def test_agents_hear_from_the_networks_of_their_peers_and_dial_their_ports():
    spec = policy("novacron-dwcp-network")
    assert {
        "from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}],
        "ports": [{"protocol": "TCP", "port": 8888}],
    } in spec["ingress"]
    assert {"protocol": "TCP", "port": 443} in [port for rule in spec["egress"] for port in rule["ports"]]


def test_a_region_on_its_own_is_closed_to_other_networks():
    spec = policy("novacron-dwcp-network", LAB)
    assert not any("ipBlock" in peer for rule in spec["ingress"] for peer in rule["from"])
    beyond = [rule for rule in spec["egress"] if {port["port"] for port in rule["ports"]} != {53}]
    assert not any("ipBlock" in peer for rule in beyond for peer in rule["to"])


def test_only_consensus_and_the_operator_reach_the_kubernetes_api_and_only_there():
    region = replace(LAB, network=Network(kube_api_cidrs=("10.0.0.1/32",)))
    block = {"ipBlock": {"cidr": "10.0.0.1/32"}}
    reaching = [
        m["metadata"]["name"]
        for m in network_policies.manifests(region)
        if any(block in rule["to"] for rule in m["spec"].get("egress", []))
    ]
    assert reaching == ["novacron-consensus", "novacron-operator"]


def test_agents_in_host_mode_are_reached_by_address_because_they_have_no_pod_network():
    region = replace(LAB, dwcp=Dwcp(networking=Networking(host_network=True)))
    rules = policy("novacron-api", region)["egress"]
    assert any({"ipBlock": {"cidr": "0.0.0.0/0"}} in rule["to"] for rule in rules)


def test_without_agents_nobody_may_reach_or_be_them():
    names = [
        m["metadata"]["name"] for m in network_policies.manifests(replace(LAB, dwcp=Dwcp(enabled=False)))
    ]
    assert "novacron-dwcp-network" not in names
    assert len(names) == 5


def test_pods_of_others_are_declared_with_their_owner():
    declared = {external.name: dict(external.labels) for external in network_policies.externals(FULL)}
    assert declared["coredns"] == {"k8s-app": "kube-dns"}
    assert set(declared) == {"istio-system", "coredns", "istiod", "istio-ingressgateway", "prometheus"}
