"""Services, disruption budgets, network policies and Ingresses against the pods that they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from charts_py.contract import labels
from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks import selectors
from charts_py.tree.checks.pods import PodTemplate
from charts_py.tree.checks.references_config import secret_advice
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import at, mapping, mappings, number, text
from charts_py.tree.checks.view import ClusterView, nearest, selector_of

SIDECAR_PORTS: Final = range(15000, 15100)
"""Ports that Istio's sidecar opens beside the container's own; the sidecar is injected after synth."""


def service_selector(service: Mapping[str, Any]) -> selectors.Selector:
    """A Service's selector; empty for one whose endpoints are made by hand."""
    return selectors.of_labels(mapping(service, "spec", "selector"))


@rule("service-selects-nothing")
def service_selects_nothing(view: ClusterView) -> Iterator[Problem]:
    """Every Service with a selector selects pods of its namespace."""
    for identity, manifest in view.of("", "Service"):
        selector = service_selector(manifest)
        if not selectors.is_empty(selector) and not view.selects(selector, [identity.namespace]):
            yield Problem(
                object=identity, field="spec.selector", message=_nothing(view, selector, identity.namespace)
            )


@rule("service-target-port-missing")
def service_target_port_missing(view: ClusterView) -> Iterator[Problem]:
    """Every Service port leads to a port that each selected workload's containers declare."""
    for identity, manifest in view.of("", "Service"):
        selector = service_selector(manifest)
        if selectors.is_empty(selector):
            continue
        pods = view.own_pods(selector, [identity.namespace])
        for index, port in mappings(manifest, "spec", "ports"):
            target = port.get("targetPort", port.get("port"))
            protocol = text(port, "protocol") or "TCP"
            for pod in pods:
                if not pod.has_port(target if isinstance(target, int) else str(target), protocol):
                    yield Problem(
                        object=identity,
                        field=f"spec.ports[{index}].targetPort",
                        message=f"{pod.owner} declares no {protocol} port {target}; it declares "
                        f"{pod.spell_ports()}. Use the name of a declared container port.",
                    )


@rule("pdb-selects-nothing")
def pdb_selects_nothing(view: ClusterView) -> Iterator[Problem]:
    """Every PodDisruptionBudget selects pods of its namespace."""
    for identity, manifest in view.of("policy", "PodDisruptionBudget"):
        selector = selector_of(manifest, "spec", "selector")
        if selectors.is_empty(selector) or not view.selects(selector, [identity.namespace]):
            yield Problem(
                object=identity, field="spec.selector", message=_nothing(view, selector, identity.namespace)
            )


@rule("network-policy-selects-nothing")
def network_policy_selects_nothing(view: ClusterView) -> Iterator[Problem]:
    """Every NetworkPolicy selects pods, unless it selects its whole namespace or says why it selects none."""
    for identity, manifest in view.of("networking.k8s.io", "NetworkPolicy"):
        selector = selector_of(manifest, "spec", "podSelector")
        if selectors.is_empty(selector) or _excused(manifest):
            continue
        if not view.selects(selector, [identity.namespace]):
            yield Problem(
                object=identity,
                field="spec.podSelector",
                message=_nothing(view, selector, identity.namespace)
                + " A policy that is meant to select nothing says why in the annotation "
                f"{labels.SELECTS_NOTHING}.",
            )


@rule("network-policy-peer-selects-nothing")
def network_policy_peer_selects_nothing(view: ClusterView) -> Iterator[Problem]:
    """Every peer of a NetworkPolicy is a network, or pods and namespaces that exist."""
    for identity, manifest in view.of("networking.k8s.io", "NetworkPolicy"):
        if _excused(manifest):
            continue
        for field, peer, _ in _peers(manifest):
            if "ipBlock" in peer:
                continue
            namespaces = _peer_namespaces(view, identity, peer)
            selector = selector_of(peer, "podSelector")
            if not namespaces:
                spelt = selectors.spell(selector_of(peer, "namespaceSelector"))
                yield Problem(
                    object=identity,
                    field=f"{field}.namespaceSelector",
                    message=f"no namespace has {spelt}. Namespaces are matched by {labels.NAMESPACE_NAME}; "
                    "declare one that others make as an external.",
                )
            elif not selectors.is_empty(selector) and not view.selects(selector, namespaces):
                yield Problem(
                    object=identity,
                    field=f"{field}.podSelector",
                    message=f"no pod in {', '.join(namespaces)} has {selectors.spell(selector)}. "
                    "Select labels "
                    "that exist, or declare the workload that runs these pods as an external.",
                )


@rule("network-policy-port-missing")
def network_policy_port_missing(view: ClusterView) -> Iterator[Problem]:
    """Every port that a NetworkPolicy opens is one on which the receiving pods listen."""
    for identity, manifest in view.of("networking.k8s.io", "NetworkPolicy"):
        own = selector_of(manifest, "spec", "podSelector")
        here = [identity.namespace]
        for field, rule_ in _rules(manifest, "ingress"):
            if not view.external_pods(own, here):
                yield from _closed(identity, field, rule_, view.own_pods(own, here))
        for field, rule_ in _rules(manifest, "egress"):
            peers = [peer for _, peer in mappings(rule_, "to")]
            if not peers or any("ipBlock" in peer for peer in peers):
                continue
            receivers: list[PodTemplate] = []
            foreign = False
            for peer in peers:
                namespaces = _peer_namespaces(view, identity, peer)
                receivers += view.own_pods(selector_of(peer, "podSelector"), namespaces)
                foreign |= bool(view.external_pods(selector_of(peer, "podSelector"), namespaces))
            if not foreign:
                yield from _closed(identity, field, rule_, receivers)


@rule("ingress-backend-missing")
def ingress_backend_missing(view: ClusterView) -> Iterator[Problem]:
    """Every Ingress leads to a port of a Service, and its TLS Secrets exist."""
    for identity, manifest in view.of("networking.k8s.io", "Ingress"):
        backends = [("spec.defaultBackend", mapping(manifest, "spec", "defaultBackend"))]
        for index, entry in mappings(manifest, "spec", "rules"):
            backends += [
                (f"spec.rules[{index}].http.paths[{number_}].backend", mapping(path, "backend"))
                for number_, path in mappings(entry, "http", "paths")
            ]
        for field, backend in backends:
            name = text(backend, "service", "name")
            if not name:
                continue
            port = at(backend, "service", "port", "name") or at(backend, "service", "port", "number")
            message = service_port_problem(view, identity.namespace, name, port)
            if message:
                yield Problem(object=identity, field=f"{field}.service", message=message)
        for index, entry in mappings(manifest, "spec", "tls"):
            secret = text(entry, "secretName")
            issued = any("cert-manager.io" in key for key in mapping(manifest, "metadata", "annotations"))
            if secret and not issued and not view.has_secret(identity.namespace, secret):
                yield Problem(
                    object=identity,
                    field=f"spec.tls[{index}].secretName",
                    message=secret_advice(view, identity.namespace, secret),
                )


def service_port_problem(view: ClusterView, namespace: str, name: str, port: object) -> str:
    """What is wrong with a reference to `port` (name, number or None for any) of a Service; "" if nothing."""
    if not view.exists("", "Service", namespace, name):
        return view.missing("", "Service", namespace, name)
    service = view.get("", "Service", namespace, name)
    if service is None or port is None:
        return ""
    known = [(text(entry, "name"), number(entry, "port")) for _, entry in mappings(service, "spec", "ports")]
    if any(port in pair for pair in known):
        return ""
    spelt = ", ".join(f"{number_} ({name_})" if name_ else str(number_) for name_, number_ in known) or "none"
    return f"Service {namespace}/{name} has no port {port}; it has {spelt}. Use one of these."


def _nothing(view: ClusterView, selector: selectors.Selector, namespace: str) -> str:
    there = sorted(
        {
            f"{labels.APP}={pod.labels[labels.APP]}"
            for pod in view.pods
            if pod.namespace == namespace and labels.APP in pod.labels
        }
    )
    spelt = selectors.spell(selector)
    return (
        f"no pod in {namespace} has {spelt}{nearest(spelt, there)}. "
        "Select labels that the pods carry, or declare the workload that runs them as an external."
    )


def _excused(manifest: Mapping[str, Any]) -> bool:
    return bool(text(manifest, "metadata", "annotations", labels.SELECTS_NOTHING).strip())


def _rules(manifest: Mapping[str, Any], direction: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, entry in mappings(manifest, "spec", direction):
        yield f"spec.{direction}[{index}]", entry


def _peers(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for field, entry in _rules(manifest, direction):
            for index, peer in mappings(entry, side):
                yield f"{field}.{side}[{index}]", peer, direction


def _peer_namespaces(view: ClusterView, policy: ObjectId, peer: Mapping[str, Any]) -> list[str]:
    if "namespaceSelector" not in peer:
        return [policy.namespace]
    return view.namespaces_matching(selector_of(peer, "namespaceSelector"))


def _closed(
    policy: ObjectId, field: str, entry: Mapping[str, Any], receivers: Sequence[PodTemplate]
) -> Iterator[Problem]:
    if not receivers:
        return
    for index, port in mappings(entry, "ports"):
        wanted = port.get("port")
        protocol = text(port, "protocol") or "TCP"
        if wanted is None:
            continue
        last = number(port, "endPort") or wanted
        if isinstance(wanted, int) and isinstance(last, int):
            sidecar = wanted in SIDECAR_PORTS and last in SIDECAR_PORTS
            heard = any(
                wanted <= declared <= last and spoken == protocol
                for pod in receivers
                for _, declared, spoken in pod.ports
            )
        else:
            sidecar = False
            heard = all(pod.has_port(str(wanted), protocol) for pod in receivers)
        if not heard and not sidecar:
            known = "; ".join(f"{pod.owner}: {pod.spell_ports()}" for pod in receivers)
            yield Problem(
                object=policy,
                field=f"{field}.ports[{index}].port",
                message=f"the receiving pods declare no {protocol} port {wanted}; they declare {known}. "
                "Open only ports on which somebody listens.",
            )


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    service_selects_nothing,
    service_target_port_missing,
    pdb_selects_nothing,
    network_policy_selects_nothing,
    network_policy_peer_selects_nothing,
    network_policy_port_missing,
    ingress_backend_missing,
)
