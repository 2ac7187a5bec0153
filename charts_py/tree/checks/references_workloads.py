"""What a workload's pods need beside configuration: accounts, classes, volumes, probe ports, a service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from charts_py.tree.checks import selectors
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import at, mapping, mappings, text
from charts_py.tree.checks.view import ClusterView, each, nearest, selector_of

PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
HOOKS: Final = ("postStart", "preStop")
ACTIONS: Final = ("httpGet", "tcpSocket", "grpc")
SELECTING: Final = (
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("argoproj.io", "Rollout"),
)


@rule("service-account-missing")
def service_account_missing(view: ClusterView) -> Iterator[Problem]:
    """Every pod runs as a ServiceAccount that exists in its namespace."""
    for pod in view.pods:
        name = pod.service_account
        if name != "default" and not view.exists("", "ServiceAccount", pod.namespace, name):
            message = view.missing("", "ServiceAccount", pod.namespace, name)
            yield Problem(object=pod.owner, field=f"{pod.spec_field}.serviceAccountName", message=message)


@rule("priority-class-missing")
def priority_class_missing(view: ClusterView) -> Iterator[Problem]:
    """Every PriorityClass that a pod names exists."""
    for pod in view.pods:
        name = text(pod.spec, "priorityClassName")
        if name and not view.exists("scheduling.k8s.io", "PriorityClass", "", name):
            message = view.missing("scheduling.k8s.io", "PriorityClass", "", name)
            yield Problem(object=pod.owner, field=f"{pod.spec_field}.priorityClassName", message=message)


@rule("runtime-class-missing")
def runtime_class_missing(view: ClusterView) -> Iterator[Problem]:
    """Every RuntimeClass that a pod names exists."""
    for pod in view.pods:
        name = text(pod.spec, "runtimeClassName")
        if name and not view.exists("node.k8s.io", "RuntimeClass", "", name):
            message = view.missing("node.k8s.io", "RuntimeClass", "", name)
            yield Problem(object=pod.owner, field=f"{pod.spec_field}.runtimeClassName", message=message)


@rule("volume-missing")
def volume_missing(view: ClusterView) -> Iterator[Problem]:
    """Every volume mount names a volume of the pod or a volumeClaimTemplate of its StatefulSet."""
    for pod in view.pods:
        there = [text(volume, "name") for _, volume in mappings(pod.spec, "volumes")]
        if pod.owner.kind == "StatefulSet":
            templates = mappings(view.by_id[pod.owner], "spec", "volumeClaimTemplates")
            there += [text(template, "metadata", "name") for _, template in templates]
        for container in pod.containers:
            for list_field in ("volumeMounts", "volumeDevices"):
                for index, mount in mappings(container.spec, list_field):
                    name = text(mount, "name")
                    if name not in there:
                        yield Problem(
                            object=pod.owner,
                            field=f"{container.field}.{list_field}[{index}].name",
                            message=f"the pod has no volume {name!r}{nearest(name, there)}. "
                            "Add the volume or correct the name.",
                        )


@rule("probe-port-missing")
def probe_port_missing(view: ClusterView) -> Iterator[Problem]:
    """Every probe and lifecycle handler asks a port that its own container declares."""
    for pod in view.pods:
        for container in pod.containers:
            handlers = [(name, mapping(container.spec, name)) for name in PROBES]
            handlers += [(f"lifecycle.{hook}", mapping(container.spec, "lifecycle", hook)) for hook in HOOKS]
            for name, handler in handlers:
                for action in ACTIONS:
                    port = at(handler, action, "port")
                    if port is None or any(port in declared[:2] for declared in container.ports):
                        continue
                    known = ", ".join(f"{n} ({number})" for n, number, _ in container.ports) or "none"
                    yield Problem(
                        object=pod.owner,
                        field=f"{container.field}.{name}.{action}.port",
                        message=f"container {container.name} declares no port {port}; it declares {known}. "
                        "Use one of these or declare the port.",
                    )


@rule("workload-selector-mismatch")
def workload_selector_mismatch(view: ClusterView) -> Iterator[Problem]:
    """Every workload's selector selects the pods of its own template."""
    for identity, manifest in each(view, *SELECTING):
        selector = selector_of(manifest, "spec", "selector")
        pod = view.pods_of(identity)
        if pod is not None and (selectors.is_empty(selector) or not selectors.matches(selector, pod.labels)):
            yield Problem(
                object=identity,
                field="spec.selector",
                message=f"selects {selectors.spell(selector)}, but the template's labels are "
                f"{selectors.spell(selectors.of_labels(pod.labels))}. The API server refuses that: "
                "give the template every label of the selector.",
            )


@rule("affinity-selects-nothing")
def affinity_selects_nothing(view: ClusterView) -> Iterator[Problem]:
    """Every pod (anti-)affinity term selects pods that exist."""
    for pod in view.pods:
        for direction in ("podAffinity", "podAntiAffinity"):
            base = f"{pod.spec_field}.affinity.{direction}"
            rules = mapping(pod.spec, "affinity", direction)
            required = "requiredDuringSchedulingIgnoredDuringExecution"
            preferred = "preferredDuringSchedulingIgnoredDuringExecution"
            terms = [(f"{base}.{required}[{index}]", term) for index, term in mappings(rules, required)]
            terms += [
                (f"{base}.{preferred}[{index}].podAffinityTerm", mapping(entry, "podAffinityTerm"))
                for index, entry in mappings(rules, preferred)
            ]
            for field, term in terms:
                selector = selector_of(term, "labelSelector")
                if at(term, "namespaceSelector") is not None:
                    namespaces = view.namespaces_matching(selector_of(term, "namespaceSelector"))
                else:
                    named = at(term, "namespaces")
                    namespaces = named if isinstance(named, list) and named else [pod.namespace]
                if not view.selects(selector, namespaces):
                    yield Problem(
                        object=pod.owner,
                        field=f"{field}.labelSelector",
                        message=f"no pod in {', '.join(namespaces)} has {selectors.spell(selector)}, "
                        "so the term "
                        "does nothing. Select labels that the pods carry, or remove the term.",
                    )


@rule("topology-spread-selects-nothing")
def topology_spread_selects_nothing(view: ClusterView) -> Iterator[Problem]:
    """Every topology spread constraint counts the pods of its own template."""
    for pod in view.pods:
        for index, constraint in mappings(pod.spec, "topologySpreadConstraints"):
            selector = selector_of(constraint, "labelSelector")
            if selectors.is_empty(selector) or not selectors.matches(selector, pod.labels):
                yield Problem(
                    object=pod.owner,
                    field=f"{pod.spec_field}.topologySpreadConstraints[{index}].labelSelector",
                    message=f"selects {selectors.spell(selector)}, which does not count the pod "
                    "itself, so the "
                    "pods are not spread. Select the template's own labels.",
                )


@rule("stateful-set-service-missing")
def stateful_set_service_missing(view: ClusterView) -> Iterator[Problem]:
    """Every StatefulSet's serviceName is a headless Service of its namespace that selects its pods."""
    for identity, manifest in view.of("apps", "StatefulSet"):
        name = text(manifest, "spec", "serviceName")
        if not name:
            continue
        service = view.get("", "Service", identity.namespace, name)
        pod = view.pods_of(identity)
        if service is None:
            message = view.missing("", "Service", identity.namespace, name)
        elif at(service, "spec", "clusterIP") != "None":
            message = (
                f"Service {name} is not headless, so the pods get no DNS names. Set its clusterIP to None."
            )
        elif pod and not selectors.matches(
            selectors.of_labels(mapping(service, "spec", "selector")), pod.labels
        ):
            message = f"Service {name} does not select the StatefulSet's pods, so they get no DNS names."
        else:
            continue
        yield Problem(object=identity, field="spec.serviceName", message=message)


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    service_account_missing,
    priority_class_missing,
    runtime_class_missing,
    volume_missing,
    probe_port_missing,
    workload_selector_mismatch,
    affinity_selects_nothing,
    topology_spread_selects_nothing,
    stateful_set_service_missing,
)
