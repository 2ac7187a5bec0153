"""Who may connect to whom: nothing, then exactly the flows of the contract, seen from both of their ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from charts_py.contract import labels, names
from charts_py.contract.external import External
from charts_py.contract.flows import FLOWS, WORKLOADS, Flow, Outside, Workload
from charts_py.contract.manifest import Manifest
from charts_py.contract.ports import DWCP_TRANSPORT, Port
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources import host_network, peers
from charts_py.resources.objects import manifest

DEFAULT_DENY: Final = "default-deny"
NODE_LOCAL_DNS: Final = "169.254.20.10/32"
"""Where a DNS cache on the node itself answers, in clusters that have one: no label finds it."""

_BOTH: Final = ("Ingress", "Egress")

Peer = dict[str, Any]
Rule = dict[str, Any]


def manifests(region: Region) -> list[Manifest]:
    """A default deny for each of our namespaces, and one policy for each workload."""
    flows = flows_of(region)
    return [
        *(_default_deny(namespace) for namespace in (names.NAMESPACE, names.SYSTEM_NAMESPACE)),
        *(_policy(region, workload, flows) for workload in _workloads(region)),
    ]


def flows_of(region: Region) -> list[Flow]:
    """The flows that exist in this region: with or without a mesh, agents, peers and Prometheus."""
    return [flow for flow in FLOWS if _exists(region, flow)]


def externals(region: Region) -> tuple[External, ...]:
    """The pods of others that the policies name, and the namespaces that hold them."""
    used: set[Outside] = {
        end
        for flow in flows_of(region)
        for end in (flow.source, flow.target)
        if not isinstance(end, Workload)
    }
    pods = _outside_pods(region)
    namespaces = {pods[end][0]: pods[end][2] for end in sorted(used & pods.keys())}
    return (
        *(
            External(group="", kind="Namespace", namespace="", name=namespace, owner=owner)
            for namespace, owner in namespaces.items()
            if namespace not in (names.DNS_NAMESPACE, names.MONITORING_NAMESPACE)
        ),
        *_external_workloads(region, used),
    )


def _external_workloads(region: Region, used: set[Outside]) -> Iterator[External]:
    pods = _outside_pods(region)
    yield from (
        External(
            group="apps",
            kind="Deployment",
            namespace=pods[end][0],
            name=pods[end][1],
            owner=pods[end][2],
            labels=tuple(pods[end][3].items()),
        )
        for end in sorted(used & pods.keys())
    )


def _exists(region: Region, flow: Flow) -> bool:
    if flow.when != "always" and (flow.when == "mesh") != region.service_mesh.enabled:
        return False
    ends = (flow.source, flow.target)
    if any(isinstance(end, Workload) and end not in _workloads(region) for end in ends):
        return False
    if "prometheus" in ends and not region.monitoring.prometheus:
        return False
    return not ("peer-regions" in ends and not region.peers)


def _workloads(region: Region) -> list[Workload]:
    return [workload for workload in WORKLOADS if workload.app != names.DWCP or region.dwcp.enabled]


def _outside_pods(region: Region) -> dict[Outside, tuple[str, str, str, dict[str, str]]]:
    """Namespace, usual name, owner and pod labels of the pods of others."""
    gateway = region.service_mesh.gateway
    return {
        "dns": (names.DNS_NAMESPACE, "coredns", "the cluster", {"k8s-app": "kube-dns"}),
        "istiod": (names.ISTIO_NAMESPACE, "istiod", "Istio", {"app": "istiod"}),
        "ingress-gateway": (names.ISTIO_NAMESPACE, f"istio-{gateway}", "Istio", {"istio": gateway}),
        "prometheus": (
            names.MONITORING_NAMESPACE,
            names.PROMETHEUS_SERVICE,
            "the monitoring stack",
            {"app.kubernetes.io/name": names.PROMETHEUS_APP},
        ),
    }


def _policy(region: Region, workload: Workload, flows: list[Flow]) -> Manifest:
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": labels.selector(workload.app)},
        "policyTypes": list(_BOTH),
    }
    ingress = [
        rule
        for flow in flows
        if flow.target == workload
        for rule in _rules(region, flow, flow.source, "from")
    ]
    egress = [
        rule for flow in flows if flow.source == workload for rule in _rules(region, flow, flow.target, "to")
    ]
    if ingress:
        spec["ingress"] = _merged(ingress, "from")
    if egress:
        spec["egress"] = _merged(egress, "to")
    explanation = host_network.explanation(region) if workload.app == names.DWCP else None
    return _object(workload.app, workload.app, workload.namespace, spec, annotations=explanation)


def _default_deny(namespace: str) -> Manifest:
    return _object(DEFAULT_DENY, names.PRODUCT, namespace, {"podSelector": {}, "policyTypes": list(_BOTH)})


def _object(
    name: str,
    app: str,
    namespace: str,
    spec: dict[str, Any],
    *,
    annotations: dict[str, str] | None = None,
) -> Manifest:
    return manifest(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        name,
        namespace=namespace,
        app=app,
        component="security",
        wave=Wave.POLICIES,
        annotations=annotations,
        spec=spec,
    )


def _rules(region: Region, flow: Flow, other: Workload | Outside, side: str) -> Iterator[Rule]:
    if other == "peer-regions":
        yield from _inbound(region, flow) if side == "from" else _outbound(region)
        return
    yield _rule(_peers(region, other, side), flow.ports, side)


def _rule(found: list[Peer], ports: Iterable[Port], side: str) -> Rule:
    return {side: found, "ports": [{"protocol": port.protocol, "port": port.number} for port in ports]}


def _inbound(region: Region, flow: Flow) -> Iterator[Rule]:
    senders = peers.known_senders(region) or list(peers.ANYWHERE)
    yield _rule(_blocks(senders), flow.ports, "from")


def _outbound(region: Region) -> Iterator[Rule]:
    """One rule for each port that peers' gateways listen on: it is theirs to choose."""
    by_port: dict[int, set[str]] = {}
    for peer in region.peers:
        by_port.setdefault(peers.port_of(peer), set()).update(peers.networks_of(peer))
    for number, networks in sorted(by_port.items()):
        everywhere = networks.issuperset(peers.ANYWHERE)
        yield {
            "to": _blocks(list(peers.ANYWHERE) if everywhere else sorted(networks)),
            "ports": [{"protocol": DWCP_TRANSPORT.protocol, "port": number}],
        }


def _peers(region: Region, other: Workload | Outside, side: str) -> list[Peer]:
    if isinstance(other, Workload):
        if side == "to" and other.app == names.DWCP and region.dwcp.networking.host_network:
            return _blocks(peers.ANYWHERE)
        return [_pods(other.namespace, labels.selector(other.app))]
    if other == "cluster":
        return [{"namespaceSelector": {}}]
    if other == "kube-api":
        return _blocks(region.network.kube_api_cidrs)
    namespace, _, _, pod_labels = _outside_pods(region)[other]
    found = [_pods(namespace, pod_labels)]
    return [*found, *_blocks([NODE_LOCAL_DNS])] if other == "dns" else found


def _pods(namespace: str, pod_labels: dict[str, str]) -> Peer:
    """One item: as two, they would mean these pods anywhere, or any pod of that namespace."""
    return {
        "namespaceSelector": {"matchLabels": {labels.NAMESPACE_NAME: namespace}},
        "podSelector": {"matchLabels": pod_labels},
    }


def _blocks(cidrs: Iterable[str]) -> list[Peer]:
    return [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]


def _merged(rules: list[Rule], side: str) -> list[Rule]:
    """Rules with the same peers as one, in the order of their first appearance."""
    merged: list[Rule] = []
    for rule in rules:
        same = next((each for each in merged if each[side] == rule[side]), None)
        if same is None:
            merged.append(rule)
        else:
            same["ports"] += [port for port in rule["ports"] if port not in same["ports"]]
    return merged
