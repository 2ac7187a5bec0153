"""Who may talk to whom inside the mesh: mutual TLS everywhere, nobody by default, then the contract's flows.

Kubelet probes need no rule: Istio rewrites them to go through its agent, which the policies don't cover.
"""

from __future__ import annotations

from typing import Any, Final

from charts_py.contract import names
from charts_py.contract.flows import FLOWS, WORKLOADS, Flow, Workload
from charts_py.contract.labels import selector
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources.objects import manifest
from charts_py.resources.sidecar import bypassing, in_mesh

API_VERSION: Final = "security.istio.io/v1"
TRUST_DOMAIN: Final = "cluster.local"
NAMESPACES: Final = (names.NAMESPACE, names.SYSTEM_NAMESPACE)


def manifests(region: Region) -> list[Manifest]:
    """Per namespace STRICT mutual TLS and a default that allows nobody; per workload what its flows allow."""
    found: list[Manifest] = []
    for namespace in NAMESPACES:
        found.append(_object("PeerAuthentication", names.PRODUCT, namespace, {"mtls": {"mode": "STRICT"}}))
        # An ALLOW policy without rules matches nothing, so whatever no other policy allows is refused.
        found.append(_object("AuthorizationPolicy", "default-deny", namespace, {}))
    for workload in WORKLOADS:
        rules = [rule for flow in FLOWS if flow.target == workload for rule in _rules(region, workload, flow)]
        if rules:
            spec = {
                "selector": {"matchLabels": selector(workload.app)},
                "action": "ALLOW",
                "rules": rules,
            }
            found.append(_object("AuthorizationPolicy", workload.app, workload.namespace, spec))
    return found


def principal(workload: Workload) -> str:
    """The identity in a workload's mesh certificate."""
    return f"{TRUST_DOMAIN}/ns/{workload.namespace}/sa/{workload.app}"


def _rules(region: Region, target: Workload, flow: Flow) -> list[dict[str, Any]]:
    """None for flows that never meet the target's sidecar."""
    numbers = {port.number for port in flow.ports} - {port.number for port in bypassing(target.app)}
    if flow.when == "no-mesh" or not in_mesh(region, target.app) or not numbers:
        return []
    operation = {"ports": [str(number) for number in sorted(numbers)]}
    return [{"from": [{"source": _source(region, flow)}], "to": [{"operation": operation}]}]


def _source(region: Region, flow: Flow) -> dict[str, Any]:
    if isinstance(flow.source, Workload) and in_mesh(region, flow.source.app):
        return {"principals": [principal(flow.source)]}
    if flow.source == "ingress-gateway":
        # How the gateway's ServiceAccount is called depends on how it was installed. The network policy
        # narrows this namespace to the gateway's pods.
        return {"namespaces": [names.ISTIO_NAMESPACE]}
    raise ValueError(
        f"{flow.source} has no identity in the mesh, so its flow to {flow.target} can't be allowed"
    )


def _object(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> Manifest:
    return manifest(
        API_VERSION,
        kind,
        name,
        app=names.PRODUCT,
        component="mesh",
        wave=Wave.POLICIES,
        namespace=namespace,
        spec=spec,
    )
