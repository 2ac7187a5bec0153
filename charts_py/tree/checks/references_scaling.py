"""Autoscalers and what they scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import mapping, mappings, text
from charts_py.tree.checks.view import ClusterView, each, nearest

AUTOSCALERS: Final = (
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"),
)


def scale_target(autoscaler: ObjectId, manifest: Manifest) -> ObjectId:
    """The object that an HPA or VPA scales, whether or not it exists."""
    field = "scaleTargetRef" if autoscaler.kind == "HorizontalPodAutoscaler" else "targetRef"
    target = mapping(manifest, "spec", field)
    return ObjectId(
        group=text(target, "apiVersion").rpartition("/")[0],
        kind=text(target, "kind"),
        namespace=autoscaler.namespace,
        name=text(target, "name"),
    )


@rule("scale-target-missing")
def scale_target_missing(view: ClusterView) -> Iterator[Problem]:
    """Every autoscaler targets a workload that exists in its namespace."""
    for identity, manifest in each(view, *AUTOSCALERS):
        target = scale_target(identity, manifest)
        if not view.exists(target.group, target.kind, target.namespace, target.name):
            field = "scaleTargetRef" if identity.kind == "HorizontalPodAutoscaler" else "targetRef"
            message = view.missing(target.group, target.kind, target.namespace, target.name)
            yield Problem(object=identity, field=f"spec.{field}", message=message)


@rule("scale-container-missing")
def scale_container_missing(view: ClusterView) -> Iterator[Problem]:
    """Every container that an autoscaler names is one of its target's containers."""
    for identity, manifest in each(view, *AUTOSCALERS):
        pod = view.pods_of(scale_target(identity, manifest))
        if pod is None:
            continue
        there = [container.name for container in pod.containers]
        named = [
            (
                f"spec.metrics[{index}].containerResource.container",
                text(metric, "containerResource", "container"),
            )
            for index, metric in mappings(manifest, "spec", "metrics")
        ] + [
            (f"spec.resourcePolicy.containerPolicies[{index}].containerName", text(policy, "containerName"))
            for index, policy in mappings(manifest, "spec", "resourcePolicy", "containerPolicies")
        ]
        for field, name in named:
            if name and name != "*" and name not in there:
                yield Problem(
                    object=identity,
                    field=field,
                    message=f"{pod.owner} has no container {name!r}{nearest(name, there)}. Correct the name.",
                )


RULES: Final[tuple[Rule[ClusterView], ...]] = (scale_target_missing, scale_container_missing)
