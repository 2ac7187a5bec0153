"""Namespaces, custom resource definitions and admission: what the API server itself looks up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from charts_py.contract import names
from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks.references_network import service_port_problem
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import at, mapping, mappings, text
from charts_py.tree.checks.view import ClusterView, nearest

ADMISSION: Final = "admissionregistration.k8s.io"
DEFINITIONS: Final = ("apiextensions.k8s.io", "CustomResourceDefinition")
WEBHOOK_PORT: Final = 443


@rule("namespace-missing")
def namespace_missing(view: ClusterView) -> Iterator[Problem]:
    """Every namespace in which the tree puts an object exists."""
    for identity, _ in view.objects:
        if identity.namespace and not view.exists("", "Namespace", "", identity.namespace):
            message = view.missing("", "Namespace", "", identity.namespace)
            yield Problem(object=identity, field="metadata.namespace", message=message)


@rule("custom-resource-undefined")
def custom_resource_undefined(view: ClusterView) -> Iterator[Problem]:
    """Every custom resource of ours has its CRD in the tree, with that version served and that scope."""
    definitions = {
        (text(manifest, "spec", "group"), text(manifest, "spec", "names", "kind")): manifest
        for _, manifest in view.of(*DEFINITIONS)
    }
    defined_groups = {group for group, _ in definitions} | {names.API_GROUP}
    for identity, manifest in view.objects:
        if identity.group not in defined_groups:
            continue
        definition = definitions.get((identity.group, identity.kind))
        version = text(manifest, "apiVersion").rpartition("/")[2]
        if definition is None:
            kinds = sorted(kind for group, kind in definitions if group == identity.group)
            message = (
                f"no CRD of the tree defines {identity.kind}{nearest(identity.kind, kinds)}. Add the CRD."
            )
            yield Problem(object=identity, field="kind", message=message)
            continue
        served = [
            text(entry, "name")
            for _, entry in mappings(definition, "spec", "versions")
            if entry.get("served") is True
        ]
        if version not in served:
            message = f"version {version} is not served{nearest(version, served)}. Use a served version."
            yield Problem(object=identity, field="apiVersion", message=message)
        namespaced = at(definition, "spec", "scope") == "Namespaced"
        if namespaced != bool(identity.namespace):
            scope = "needs a namespace" if namespaced else "is cluster-scoped and takes no namespace"
            yield Problem(object=identity, field="metadata.namespace", message=f"{identity.kind} {scope}.")


@rule("webhook-service-missing")
def webhook_service_missing(view: ClusterView) -> Iterator[Problem]:
    """Every webhook, conversion webhook and APIService leads to a port of a Service that exists."""
    for owner, field, service in _webhooks(view):
        port = service.get("port", WEBHOOK_PORT)
        message = service_port_problem(view, text(service, "namespace"), text(service, "name"), port)
        if message:
            yield Problem(object=owner, field=field, message=message)


def _webhooks(view: ClusterView) -> Iterator[tuple[ObjectId, str, Mapping[str, Any]]]:
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for identity, manifest in view.of(ADMISSION, kind):
            for index, webhook in mappings(manifest, "webhooks"):
                service = mapping(webhook, "clientConfig", "service")
                if service:
                    yield identity, f"webhooks[{index}].clientConfig.service", service
    for identity, manifest in view.of(*DEFINITIONS):
        service = mapping(manifest, "spec", "conversion", "webhook", "clientConfig", "service")
        if service:
            yield identity, "spec.conversion.webhook.clientConfig.service", service
    for identity, manifest in view.of("apiregistration.k8s.io", "APIService"):
        service = mapping(manifest, "spec", "service")
        if service:
            yield identity, "spec.service", service


@rule("admission-policy-missing")
def admission_policy_missing(view: ClusterView) -> Iterator[Problem]:
    """Every admission policy binding names a policy that exists, and every policy has a binding."""
    for kind in ("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"):
        bound: set[str] = set()
        for identity, manifest in view.of(ADMISSION, f"{kind}Binding"):
            name = text(manifest, "spec", "policyName")
            bound.add(name)
            if not view.exists(ADMISSION, kind, "", name):
                message = view.missing(ADMISSION, kind, "", name)
                yield Problem(object=identity, field="spec.policyName", message=message)
        for identity, _ in view.of(ADMISSION, kind):
            if identity.name not in bound:
                message = f"no {kind}Binding names this policy, so it decides nothing. Add a binding."
                yield Problem(object=identity, field="metadata.name", message=message)


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    namespace_missing,
    custom_resource_undefined,
    webhook_service_missing,
    admission_policy_missing,
)
