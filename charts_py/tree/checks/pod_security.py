"""Pods against the Pod Security level that their namespace enforces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from charts_py.tree.checks.pod_security_standards import LATEST, LEVELS, Level, Pod, violations
from charts_py.tree.checks.pods import PodTemplate
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import text
from charts_py.tree.checks.view import ClusterView

ENFORCE: Final = "pod-security.kubernetes.io/enforce"
VERSION: Final = "pod-security.kubernetes.io/enforce-version"


def _problems(view: ClusterView, level: Level) -> Iterator[Problem]:
    for pod in view.pods:
        namespace = view.namespace_labels.get(pod.namespace, {})
        if namespace.get(ENFORCE) == level:
            judged = Pod(spec=pod.spec, annotations=pod.annotations, minor=enforced_minor(namespace))
            for field, message in violations(judged, level):
                yield Problem(
                    object=pod.owner,
                    field=_full(pod, field),
                    message=f"{message}: namespace {pod.namespace} enforces {level}, so the pods "
                    "would be refused.",
                )


def enforced_minor(namespace: Mapping[str, str]) -> int:
    """The minor version that a namespace's labels pin the standards to; the latest for none or "latest"."""
    version = namespace.get(VERSION, "").removeprefix("v1.")
    return int(version) if version.isdecimal() else LATEST


def _full(pod: PodTemplate, field: str) -> str:
    if field.startswith("metadata."):
        return f"{pod.field}.{field}" if pod.field else field
    return f"{pod.spec_field}.{field}"


@rule("pod-security-baseline")
def pod_security_baseline(view: ClusterView) -> Iterator[Problem]:
    """Every pod in a namespace that enforces `baseline` keeps to the baseline Pod Security Standard."""
    return _problems(view, "baseline")


@rule("pod-security-restricted")
def pod_security_restricted(view: ClusterView) -> Iterator[Problem]:
    """Every pod in a namespace that enforces `restricted` keeps to the restricted Pod Security Standard."""
    return _problems(view, "restricted")


@rule("pod-security-level-missing")
def pod_security_level_missing(view: ClusterView) -> Iterator[Problem]:
    """Every Namespace of the tree in which the tree runs pods says which Pod Security level it enforces.

    Where only pods of others run, the level is theirs to choose.
    """
    occupied = {pod.namespace for pod in view.pods}
    for identity, manifest in view.of("", "Namespace"):
        level = text(manifest, "metadata", "labels", ENFORCE)
        if level not in LEVELS and (level or identity.name in occupied):
            found = f"{level!r} is no level" if level else "no level is enforced"
            yield Problem(
                object=identity,
                field=f"metadata.labels[{ENFORCE}]",
                message=f"{found}. Allowed: {', '.join(LEVELS)}; give restricted unless its pods "
                "can't keep to it.",
            )


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    pod_security_baseline,
    pod_security_restricted,
    pod_security_level_missing,
)
