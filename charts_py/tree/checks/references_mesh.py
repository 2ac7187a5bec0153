"""Istio's objects against the Services, Gateways, subsets and pods that they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks import mesh_hosts, selectors
from charts_py.tree.checks.references_config import secret_advice
from charts_py.tree.checks.references_network import service_port_problem, service_selector
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import at, mapping, mappings, number, string_map, text, texts
from charts_py.tree.checks.view import ClusterView, each, nearest

NETWORKING: Final = "networking.istio.io"
SELECTING: Final = (
    ("security.istio.io", "PeerAuthentication"),
    ("security.istio.io", "RequestAuthentication"),
    ("security.istio.io", "AuthorizationPolicy"),
    ("telemetry.istio.io", "Telemetry"),
    ("extensions.istio.io", "WasmPlugin"),
    (NETWORKING, "Gateway"),
    (NETWORKING, "Sidecar"),
    (NETWORKING, "EnvoyFilter"),
    (NETWORKING, "DestinationRule"),
    (NETWORKING, "ServiceEntry"),
)
FIELDS: Final = {
    "Gateway": ("spec", "selector"),
    "Sidecar": ("spec", "workloadSelector", "labels"),
    "EnvoyFilter": ("spec", "workloadSelector", "labels"),
    "DestinationRule": ("spec", "workloadSelector", "matchLabels"),
    "ServiceEntry": ("spec", "workloadSelector", "labels"),
}
"""Where each kind keeps its labels; the others keep them in spec.selector.matchLabels."""

MESH: Final = "mesh"
"""The reserved gateway name that means every sidecar."""


def _labels(identity: ObjectId, manifest: Manifest) -> tuple[str, dict[str, str]]:
    path = FIELDS.get(identity.kind, ("spec", "selector", "matchLabels"))
    return ".".join(path), string_map(manifest, *path)


def _reach(view: ClusterView, identity: ObjectId) -> list[str] | None:
    return None if identity.kind == "Gateway" else view.mesh_namespaces(identity.namespace)


@rule("mesh-policy-selects-nothing")
def mesh_policy_selects_nothing(view: ClusterView) -> Iterator[Problem]:
    """Every workload selector of an Istio object selects pods, anywhere if it is in the root namespace."""
    for identity, manifest in each(view, *SELECTING):
        field, wanted = _labels(identity, manifest)
        reach = _reach(view, identity)
        if wanted and not view.selects(selectors.of_labels(wanted), reach):
            where = "any namespace" if reach is None else ", ".join(reach)
            yield Problem(
                object=identity,
                field=field,
                message=f"no pod in {where} has {selectors.spell(selectors.of_labels(wanted))}. "
                "Select labels that "
                "pods carry, or declare the workload that runs them as an external.",
            )


@rule("mesh-policy-port-missing")
def mesh_policy_port_missing(view: ClusterView) -> Iterator[Problem]:
    """Every port that a PeerAuthentication or AuthorizationPolicy names is declared by the selected pods."""
    for identity, manifest in each(view, SELECTING[0], SELECTING[2]):
        _, wanted = _labels(identity, manifest)
        if not wanted:
            continue
        selector = selectors.of_labels(wanted)
        reach = _reach(view, identity)
        pods = view.own_pods(selector, reach)
        if not pods or view.external_pods(selector, reach):
            continue
        for field, port in _policy_ports(manifest):
            if not any(pod.has_port(port) for pod in pods):
                known = "; ".join(f"{pod.owner}: {pod.spell_ports()}" for pod in pods)
                yield Problem(
                    object=identity,
                    field=field,
                    message=f"no selected pod declares port {port}; they declare {known}. Istio "
                    "counts container "
                    "ports here, not Service ports.",
                )


def _policy_ports(manifest: Manifest) -> Iterator[tuple[str, int]]:
    for port in mapping(manifest, "spec", "portLevelMtls"):
        if str(port).isdecimal():
            yield f"spec.portLevelMtls.{port}", int(port)
    for index, entry in mappings(manifest, "spec", "rules"):
        for inner, target in mappings(entry, "to"):
            for side in ("ports", "notPorts"):
                for place, port in texts(target, "operation", side):
                    if port.isdecimal():
                        yield f"spec.rules[{index}].to[{inner}].operation.{side}[{place}]", int(port)


@rule("mesh-principal-missing")
def mesh_principal_missing(view: ClusterView) -> Iterator[Problem]:
    """Every principal, service account and namespace that an AuthorizationPolicy names exists."""
    for identity, manifest in view.of("security.istio.io", "AuthorizationPolicy"):
        for index, entry in mappings(manifest, "spec", "rules"):
            for inner, origin in mappings(entry, "from"):
                field = f"spec.rules[{index}].from[{inner}].source"
                source = mapping(origin, "source")
                yield from _principals(view, identity, field, source)


def _principals(
    view: ClusterView, policy: ObjectId, field: str, source: Mapping[str, Any]
) -> Iterator[Problem]:
    named: list[tuple[str, str, str]] = []
    for side in ("principals", "notPrincipals"):
        for index, principal in texts(source, side):
            place = f"{field}.{side}[{index}]"
            parts = principal.split("/")
            if len(parts) == 5 and parts[1] == "ns" and parts[3] == "sa":
                named.append((place, parts[2], parts[4]))
            elif "*" not in principal:
                message = (
                    f"{principal!r} is no principal; write <trust "
                    "domain>/ns/<namespace>/sa/<service account>."
                )
                yield Problem(object=policy, field=place, message=message)
    for side in ("serviceAccounts", "notServiceAccounts"):
        for index, account in texts(source, side):
            namespace, _, name = account.rpartition("/")
            named.append((f"{field}.{side}[{index}]", namespace or policy.namespace, name))
    for side in ("namespaces", "notNamespaces"):
        named += [(f"{field}.{side}[{index}]", namespace, "*") for index, namespace in texts(source, side)]
    for place, namespace, name in named:
        if "*" in namespace:
            continue
        if not view.exists("", "Namespace", "", namespace):
            message = view.missing("", "Namespace", "", namespace)
        elif "*" in name or name == "default" or view.exists("", "ServiceAccount", namespace, name):
            continue
        else:
            message = view.missing("", "ServiceAccount", namespace, name)
        yield Problem(object=policy, field=place, message=message)


@rule("mesh-target-missing")
def mesh_target_missing(view: ClusterView) -> Iterator[Problem]:
    """Every targetRef of an Istio policy is an object that exists."""
    for identity, manifest in each(view, *SELECTING):
        targets = [("spec.targetRef", mapping(manifest, "spec", "targetRef"))]
        targets += [
            (f"spec.targetRefs[{i}]", target) for i, target in mappings(manifest, "spec", "targetRefs")
        ]
        for field, target in targets:
            group, kind, name = text(target, "group"), text(target, "kind"), text(target, "name")
            namespace = "" if kind == "GatewayClass" else text(target, "namespace") or identity.namespace
            if name and not view.exists(group, kind, namespace, name):
                message = view.missing(group, kind, namespace, name)
                yield Problem(object=identity, field=field, message=message)


@rule("gateway-secret-missing")
def gateway_secret_missing(view: ClusterView) -> Iterator[Problem]:
    """Every TLS Secret of an Istio Gateway exists in the namespaces of the pods that serve it."""
    for identity, manifest in view.of(NETWORKING, "Gateway"):
        selector = selectors.of_labels(string_map(manifest, "spec", "selector"))
        served = {pod.namespace for pod in view.own_pods(selector)}
        served |= {item.namespace for item in view.external_pods(selector) if item.labels}
        for index, server in mappings(manifest, "spec", "servers"):
            name = text(server, "tls", "credentialName").partition("://")[2] or text(
                server, "tls", "credentialName"
            )
            namespace_, _, bare = name.rpartition("/")
            for namespace in [namespace_] if namespace_ else sorted(served or {identity.namespace}):
                if bare and not view.has_secret(namespace, bare):
                    yield Problem(
                        object=identity,
                        field=f"spec.servers[{index}].tls.credentialName",
                        message=f"{secret_advice(view, namespace, bare)} The gateway reads it in the "
                        "namespace of "
                        "its pods.",
                    )


def _gateways(
    view: ClusterView, identity: ObjectId, manifest: Manifest
) -> Iterator[tuple[str, str, str, Manifest | None]]:
    for index, gateway in texts(manifest, "spec", "gateways"):
        if gateway != MESH:
            namespace, _, name = gateway.rpartition("/")
            namespace = namespace or identity.namespace
            yield f"spec.gateways[{index}]", namespace, name, view.get(NETWORKING, "Gateway", namespace, name)


@rule("virtual-service-gateway-missing")
def virtual_service_gateway_missing(view: ClusterView) -> Iterator[Problem]:
    """Every Gateway that a VirtualService names exists."""
    for identity, manifest in view.of(NETWORKING, "VirtualService"):
        for field, namespace, name, _ in _gateways(view, identity, manifest):
            if not view.exists(NETWORKING, "Gateway", namespace, name):
                message = view.missing(NETWORKING, "Gateway", namespace, name)
                yield Problem(object=identity, field=field, message=message)


@rule("virtual-service-host-unserved")
def virtual_service_host_unserved(view: ClusterView) -> Iterator[Problem]:
    """Every host of a VirtualService is served by each of its Gateways, or is a Service of the mesh."""
    for identity, manifest in view.of(NETWORKING, "VirtualService"):
        gateways = list(_gateways(view, identity, manifest))
        bound = [name for _, name in texts(manifest, "spec", "gateways")]
        for index, host in texts(manifest, "spec", "hosts"):
            field = f"spec.hosts[{index}]"
            inside = mesh_hosts.resolve(view, host, identity.namespace) is not None
            if not inside and (not bound or bound == [MESH]):
                message = mesh_hosts.advice(host, identity.namespace)
                yield Problem(object=identity, field=field, message=message)
            for _, namespace, name, gateway in gateways:
                served = [known.rpartition("/")[2] for known in _served(gateway)] if gateway else [host]
                if not inside and not any(mesh_hosts.covers(known, host) for known in served):
                    yield Problem(
                        object=identity,
                        field=field,
                        message=f"Gateway {namespace}/{name} serves {', '.join(served) or 'no host'}, "
                        f"not {host}. "
                        "Add the host to the gateway or remove it here.",
                    )


def _served(gateway: Manifest) -> Iterator[str]:
    for _, server in mappings(gateway, "spec", "servers"):
        for _, host in texts(server, "hosts"):
            yield host


def destinations(manifest: Manifest) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every destination of a VirtualService with its field."""
    for protocol in ("http", "tls", "tcp"):
        for index, route in mappings(manifest, "spec", protocol):
            base = f"spec.{protocol}[{index}]"
            for inner, entry in mappings(route, "route"):
                yield f"{base}.route[{inner}].destination", mapping(entry, "destination")
            if mapping(route, "mirror"):
                yield f"{base}.mirror", mapping(route, "mirror")
            for inner, entry in mappings(route, "mirrors"):
                yield f"{base}.mirrors[{inner}].destination", mapping(entry, "destination")


@rule("virtual-service-destination-missing")
def virtual_service_destination_missing(view: ClusterView) -> Iterator[Problem]:
    """Every destination of a VirtualService is a Service or ServiceEntry that exists."""
    for identity, manifest in view.of(NETWORKING, "VirtualService"):
        for field, destination in destinations(manifest):
            host = text(destination, "host")
            if mesh_hosts.resolve(view, host, identity.namespace) is None:
                message = mesh_hosts.advice(host, identity.namespace)
                yield Problem(object=identity, field=f"{field}.host", message=message)


@rule("virtual-service-port-missing")
def virtual_service_port_missing(view: ClusterView) -> Iterator[Problem]:
    """Every destination port is a port of its Service, and is given where the Service has several."""
    for identity, manifest in view.of(NETWORKING, "VirtualService"):
        for field, destination in destinations(manifest):
            host = mesh_hosts.resolve(view, text(destination, "host"), identity.namespace)
            if host is None or host.service is None:
                continue
            port = number(destination, "port", "number")
            service = view.get("", "Service", *host.service)
            message = service_port_problem(view, *host.service, port)
            if port is None and service and len(list(mappings(service, "spec", "ports"))) > 1:
                message = f"Service {'/'.join(host.service)} has several ports. Say which, in port.number."
            if message:
                yield Problem(object=identity, field=f"{field}.port", message=message)


@rule("virtual-service-subset-missing")
def virtual_service_subset_missing(view: ClusterView) -> Iterator[Problem]:
    """Every subset that a VirtualService names is defined by a DestinationRule of the same host."""
    defined: dict[tuple[str, str], list[str]] = {}
    for identity, manifest in view.of(NETWORKING, "DestinationRule"):
        host = mesh_hosts.resolve(view, text(manifest, "spec", "host"), identity.namespace)
        if host and host.service:
            found = [text(subset, "name") for _, subset in mappings(manifest, "spec", "subsets")]
            defined.setdefault(host.service, []).extend(found)
    for identity, manifest in view.of(NETWORKING, "VirtualService"):
        for field, destination in destinations(manifest):
            subset = text(destination, "subset")
            host = mesh_hosts.resolve(view, text(destination, "host"), identity.namespace)
            if not subset or host is None or host.service is None:
                continue
            known = defined.get(host.service, [])
            if subset not in known:
                yield Problem(
                    object=identity,
                    field=f"{field}.subset",
                    message=f"no DestinationRule of {text(destination, 'host')} defines subset {subset!r}"
                    f"{nearest(subset, known)}; requests would get 503. Define it or correct the name.",
                )


@rule("destination-rule-host-missing")
def destination_rule_host_missing(view: ClusterView) -> Iterator[Problem]:
    """Every DestinationRule is for a Service or ServiceEntry that exists."""
    for identity, manifest in view.of(NETWORKING, "DestinationRule"):
        host = text(manifest, "spec", "host")
        if mesh_hosts.resolve(view, host, identity.namespace) is None:
            message = mesh_hosts.advice(host, identity.namespace)
            yield Problem(object=identity, field="spec.host", message=message)


@rule("destination-rule-subset-selects-nothing")
def destination_rule_subset_selects_nothing(view: ClusterView) -> Iterator[Problem]:
    """Every subset of a DestinationRule selects pods of its Service."""
    for identity, manifest in view.of(NETWORKING, "DestinationRule"):
        host = mesh_hosts.resolve(view, text(manifest, "spec", "host"), identity.namespace)
        service = view.get("", "Service", *host.service) if host and host.service else None
        if host is None or host.service is None or service is None or at(service, "spec", "selector") is None:
            continue
        base = service_selector(service)
        for index, subset in mappings(manifest, "spec", "subsets"):
            wanted = selectors.of_labels({**mapping(base, "matchLabels"), **mapping(subset, "labels")})
            if not view.selects(wanted, [host.service[0]]):
                yield Problem(
                    object=identity,
                    field=f"spec.subsets[{index}].labels",
                    message=f"no pod of the Service has {selectors.spell(wanted)}. Use labels of its pods.",
                )


@rule("destination-rule-failover-without-outlier-detection")
def destination_rule_failover_without_outlier_detection(view: ClusterView) -> Iterator[Problem]:
    """Every traffic policy with locality failover has outlierDetection, without which it never acts."""
    for identity, manifest in view.of(NETWORKING, "DestinationRule"):
        policy = mapping(manifest, "spec", "trafficPolicy")
        locality = mapping(policy, "loadBalancer", "localityLbSetting")
        if locality and locality.get("enabled") is not False and "outlierDetection" not in policy:
            yield Problem(
                object=identity,
                field="spec.trafficPolicy.loadBalancer.localityLbSetting",
                message="locality failover needs outlierDetection beside it: without it no endpoint "
                "ever counts as "
                "unhealthy. Add spec.trafficPolicy.outlierDetection.",
            )


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    mesh_policy_selects_nothing,
    mesh_policy_port_missing,
    mesh_principal_missing,
    mesh_target_missing,
    gateway_secret_missing,
    virtual_service_gateway_missing,
    virtual_service_host_unserved,
    virtual_service_destination_missing,
    virtual_service_port_missing,
    virtual_service_subset_missing,
    destination_rule_host_missing,
    destination_rule_subset_selects_nothing,
    destination_rule_failover_without_outlier_detection,
)
