"""PodMonitors and ServiceMonitors against the pods and Services that they scrape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks import selectors
from charts_py.tree.checks.references_config import secret_advice
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import at, mapping, mappings, string_map, text, texts
from charts_py.tree.checks.view import ClusterView, each, nearest, selector_of

MONITORS: Final = (("monitoring.coreos.com", "PodMonitor"), ("monitoring.coreos.com", "ServiceMonitor"))
ENDPOINTS: Final = {"PodMonitor": "podMetricsEndpoints", "ServiceMonitor": "endpoints"}
CREDENTIALS: Final = (
    ("tlsConfig", "ca", "secret"),
    ("tlsConfig", "cert", "secret"),
    ("tlsConfig", "keySecret"),
    ("bearerTokenSecret",),
    ("authorization", "credentials"),
    ("basicAuth", "username"),
    ("basicAuth", "password"),
)


@rule("monitor-selects-nothing")
def monitor_selects_nothing(view: ClusterView) -> Iterator[Problem]:
    """Every PodMonitor selects pods and every ServiceMonitor selects Services."""
    for identity, manifest in each(view, *MONITORS):
        selector = selector_of(manifest, "spec", "selector")
        namespaces = _namespaces(view, identity, manifest)
        if identity.kind == "PodMonitor":
            found = view.selects(selector, namespaces)
        else:
            found = bool(_services(view, selector, namespaces))
        if not found:
            what = "pod" if identity.kind == "PodMonitor" else "Service"
            yield Problem(
                object=identity,
                field="spec.selector",
                message=f"no {what} in {', '.join(namespaces) or 'any namespace'} has "
                f"{selectors.spell(selector)}. "
                "Select labels and namespaces that exist.",
            )


@rule("monitor-port-missing")
def monitor_port_missing(view: ClusterView) -> Iterator[Problem]:
    """Every monitored port is one that the selected pods, or the selected Services, have by that name."""
    for identity, manifest in each(view, *MONITORS):
        selector = selector_of(manifest, "spec", "selector")
        namespaces = _namespaces(view, identity, manifest)
        if identity.kind == "PodMonitor":
            there = [
                (pod.owner, [name for name, _, _ in pod.ports]) for pod in view.own_pods(selector, namespaces)
            ]
        else:
            there = [
                (service, [text(port, "name") for _, port in mappings(found, "spec", "ports")])
                for service, found in _services(view, selector, namespaces)
            ]
        endpoints = ENDPOINTS[identity.kind]
        for index, endpoint in mappings(manifest, "spec", endpoints):
            port = text(endpoint, "port")
            for owner, known in there:
                if port and port not in known:
                    yield Problem(
                        object=identity,
                        field=f"spec.{endpoints}[{index}].port",
                        message=f"{owner} has no port named {port!r}{nearest(port, known)}. Use a "
                        "declared name.",
                    )


@rule("monitor-secret-missing")
def monitor_secret_missing(view: ClusterView) -> Iterator[Problem]:
    """Every Secret with which a monitor authenticates exists in the monitor's namespace."""
    for identity, manifest in each(view, *MONITORS):
        endpoints = ENDPOINTS[identity.kind]
        for index, endpoint in mappings(manifest, "spec", endpoints):
            for path in CREDENTIALS:
                reference: Mapping[str, Any] = mapping(endpoint, *path)
                name = text(reference, "name")
                if name and not view.has_secret(identity.namespace, name):
                    yield Problem(
                        object=identity,
                        field=f"spec.{endpoints}[{index}].{'.'.join(path)}.name",
                        message=secret_advice(view, identity.namespace, name),
                    )


def _namespaces(view: ClusterView, identity: ObjectId, manifest: Manifest) -> list[str]:
    if at(manifest, "spec", "namespaceSelector", "any") is True:
        return list(view.namespace_labels)
    named = [name for _, name in texts(manifest, "spec", "namespaceSelector", "matchNames")]
    return named or [identity.namespace]


def _services(
    view: ClusterView, selector: selectors.Selector, namespaces: list[str]
) -> list[tuple[ObjectId, Manifest]]:
    return [
        (identity, manifest)
        for identity, manifest in view.of("", "Service")
        if identity.namespace in namespaces
        and selectors.matches(selector, string_map(manifest, "metadata", "labels"))
    ]


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    monitor_selects_nothing,
    monitor_port_missing,
    monitor_secret_missing,
)
