"""ConfigMaps and Secrets that pods read, and the keys that they read of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from charts_py.tree.checks.pods import PodTemplate
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import mapping, mappings, text
from charts_py.tree.checks.view import ClusterView, nearest

ROOT_CA: Final = "kube-root-ca.crt"
"""The ConfigMap that Kubernetes keeps in every namespace."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """A pod's need of a ConfigMap or Secret, of one key or (key "") of the whole."""

    kind: Literal["ConfigMap", "Secret"]
    name: str
    key: str
    field: str


def uses(pod: PodTemplate) -> Iterator[Use]:
    """Everything that a pod reads, unless it is optional."""
    for container in pod.containers:
        for index, entry in mappings(container.spec, "env"):
            field = f"{container.field}.env[{index}].valueFrom"
            yield from _use("ConfigMap", mapping(entry, "valueFrom", "configMapKeyRef"), field)
            yield from _use("Secret", mapping(entry, "valueFrom", "secretKeyRef"), field)
        for index, entry in mappings(container.spec, "envFrom"):
            field = f"{container.field}.envFrom[{index}]"
            yield from _use("ConfigMap", mapping(entry, "configMapRef"), field)
            yield from _use("Secret", mapping(entry, "secretRef"), field)
    for index, volume in mappings(pod.spec, "volumes"):
        field = f"{pod.spec_field}.volumes[{index}]"
        yield from _use("ConfigMap", mapping(volume, "configMap"), f"{field}.configMap")
        yield from _use("Secret", mapping(volume, "secret"), f"{field}.secret", name="secretName")
        csi = mapping(volume, "csi", "nodePublishSecretRef")
        yield from _use("Secret", csi, f"{field}.csi.nodePublishSecretRef")
        for number, source in mappings(volume, "projected", "sources"):
            inner = f"{field}.projected.sources[{number}]"
            yield from _use("ConfigMap", mapping(source, "configMap"), f"{inner}.configMap")
            yield from _use("Secret", mapping(source, "secret"), f"{inner}.secret")
    for index, entry in mappings(pod.spec, "imagePullSecrets"):
        yield from _use("Secret", entry, f"{pod.spec_field}.imagePullSecrets[{index}]")


def _use(
    kind: Literal["ConfigMap", "Secret"], reference: Mapping[str, Any], field: str, *, name: str = "name"
) -> Iterator[Use]:
    target = text(reference, name)
    if not target or reference.get("optional") is True:
        return
    wanted = [text(reference, "key"), *(text(item, "key") for _, item in mappings(reference, "items"))]
    keys = [key for key in wanted if key]
    for key in keys or [""]:
        yield Use(kind=kind, name=target, key=key, field=field)


@rule("config-map-missing")
def config_map_missing(view: ClusterView) -> Iterator[Problem]:
    """Every ConfigMap that a pod reads exists in the pod's namespace, unless the reference is optional."""
    for pod in view.pods:
        for use in uses(pod):
            if use.kind != "ConfigMap" or use.name == ROOT_CA:
                continue
            if not view.exists("", "ConfigMap", pod.namespace, use.name):
                message = view.missing("", "ConfigMap", pod.namespace, use.name)
                yield Problem(object=pod.owner, field=use.field, message=message)


@rule("config-map-key-missing")
def config_map_key_missing(view: ClusterView) -> Iterator[Problem]:
    """Every key that a pod reads of a ConfigMap is in it."""
    for pod in view.pods:
        for use in uses(pod):
            found = view.get("", "ConfigMap", pod.namespace, use.name) if use.kind == "ConfigMap" else None
            if found is None or not use.key:
                continue
            keys = [*mapping(found, "data"), *mapping(found, "binaryData")]
            if use.key not in keys:
                message = (
                    f"ConfigMap {use.name} has no key {use.key!r}{nearest(use.key, keys)}. Correct the key."
                )
                yield Problem(object=pod.owner, field=use.field, message=message)


@rule("secret-missing")
def secret_missing(view: ClusterView) -> Iterator[Problem]:
    """Every Secret that a pod reads exists in its namespace or is made there, unless it is optional."""
    for pod in view.pods:
        for use in uses(pod):
            if use.kind == "Secret" and not view.has_secret(pod.namespace, use.name):
                yield Problem(
                    object=pod.owner, field=use.field, message=secret_advice(view, pod.namespace, use.name)
                )


@rule("secret-key-missing")
def secret_key_missing(view: ClusterView) -> Iterator[Problem]:
    """Every key that a pod reads of a Secret is one that the Secret's maker writes."""
    for pod in view.pods:
        for use in uses(pod):
            keys = view.secret_keys(pod.namespace, use.name) if use.kind == "Secret" else None
            if keys is not None and use.key and use.key not in keys:
                there = nearest(use.key, sorted(keys))
                message = f"Secret {use.name} will have no key {use.key!r}{there}. Correct the key."
                yield Problem(object=pod.owner, field=use.field, message=message)


def secret_advice(view: ClusterView, namespace: str, name: str) -> str:
    """The message for a Secret that nobody makes."""
    there = nearest(name, sorted(known for place, known in view.secrets if place == namespace))
    return (
        f"nothing makes Secret {namespace}/{name}{there}. Allowed: a Certificate with that secretName or an "
        "ExternalSecret with that target in the same namespace, or an external Secret with its owner."
    )


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    config_map_missing,
    config_map_key_missing,
    secret_missing,
    secret_key_missing,
)
