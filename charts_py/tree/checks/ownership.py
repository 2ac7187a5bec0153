"""Fields with one owner: replicas, requests, and the pods behind a selector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from charts_py.contract import names
from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks import selectors
from charts_py.tree.checks.references_scaling import AUTOSCALERS, scale_target
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import at, text
from charts_py.tree.checks.view import ClusterView, each, pod_matches, selector_of

HPA, VPA = AUTOSCALERS
ACTING: Final = frozenset(["Auto", "Recreate", "Initial", "InPlaceOrRecreate", "InPlace"])
"""Update modes in which a VPA writes requests into pods; "Off" only recommends."""

COUNTED: Final = (
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "ReplicaSet"),
    ("argoproj.io", "Rollout"),
)
SELECTING: Final = (*COUNTED, ("apps", "DaemonSet"))


@rule("replicas-owned-elsewhere")
def replicas_owned_elsewhere(view: ClusterView) -> Iterator[Problem]:
    """No workload whose replicas an HPA or the operator sets carries spec.replicas."""
    owners: dict[ObjectId, str] = {scale_target(hpa, manifest): str(hpa) for hpa, manifest in view.of(*HPA)}
    for identity, manifest in each(view, *COUNTED):
        if identity.kind == "StatefulSet" and identity.name == names.CONSENSUS:
            owners[identity] = "the operator, which follows dwcp.acp.nodes"
        if identity in owners and at(manifest, "spec", "replicas") is not None:
            yield Problem(
                object=identity,
                field="spec.replicas",
                message=f"replicas belong to {owners[identity]}; Argo CD would set them back at every "
                "sync. Leave "
                "the field out of Git.",
            )


@rule("scale-target-shared")
def scale_target_shared(view: ClusterView) -> Iterator[Problem]:
    """No two autoscalers of one kind have the same target."""
    for kind in AUTOSCALERS:
        first: dict[ObjectId, ObjectId] = {}
        for identity, manifest in view.of(*kind):
            target = scale_target(identity, manifest)
            other = first.setdefault(target, identity)
            if other != identity:
                field = "spec.scaleTargetRef" if kind == HPA else "spec.targetRef"
                message = f"{target} is already scaled by {other}; they would undo each other. Keep one."
                yield Problem(object=identity, field=field, message=message)


@rule("vpa-beside-hpa")
def vpa_beside_hpa(view: ClusterView) -> Iterator[Problem]:
    """No VPA changes the pods of a workload that an HPA scales by their use."""
    scaled = {scale_target(identity, manifest): identity for identity, manifest in view.of(*HPA)}
    for identity, manifest in view.of(*VPA):
        mode = text(manifest, "spec", "updatePolicy", "updateMode") or "Auto"
        target = scale_target(identity, manifest)
        if target in scaled and mode in ACTING:
            yield Problem(
                object=identity,
                field="spec.updatePolicy.updateMode",
                message=f'mode "{mode}" changes the requests by which {scaled[target]} counts pods of '
                f"{target}. "
                'Use "Off", which recommends.',
            )


@rule("workload-selectors-overlap")
def workload_selectors_overlap(view: ClusterView) -> Iterator[Problem]:
    """No workload's selector selects another workload's pods: their controllers would fight over them."""
    for identity, manifest in each(view, *SELECTING):
        selector = selector_of(manifest, "spec", "selector")
        if selectors.is_empty(selector):
            continue
        for pod in view.own_pods(selector, [identity.namespace]):
            if pod.owner != identity:
                message = (
                    f"{selectors.spell(selector)} also selects the pods of {pod.owner}. Give every "
                    "workload a "
                    "label value of its own."
                )
                yield Problem(object=identity, field="spec.selector", message=message)


@rule("pdb-overlap")
def pdb_overlap(view: ClusterView) -> Iterator[Problem]:
    """No pod is selected by two PodDisruptionBudgets: the eviction API refuses such a pod for ever."""
    budgets = [
        (identity, selector_of(manifest, "spec", "selector"))
        for identity, manifest in view.of("policy", "PodDisruptionBudget")
    ]
    for pod in view.pods:
        owners = [
            identity
            for identity, selector in budgets
            if identity.namespace == pod.namespace and pod_matches(selector, pod)
        ]
        for identity in owners[1:]:
            yield Problem(
                object=identity,
                field="spec.selector",
                message=f"the pods of {pod.owner} are already in {owners[0]}; a pod in two budgets can't be "
                "evicted, so no node drains. Keep one.",
            )


@rule("hpa-bounds-invalid")
def hpa_bounds_invalid(view: ClusterView) -> Iterator[Problem]:
    """Every HPA has 1 <= minReplicas <= maxReplicas."""
    for identity, manifest in view.of(*HPA):
        low, high = at(manifest, "spec", "minReplicas"), at(manifest, "spec", "maxReplicas")
        low = 1 if low is None else low
        if isinstance(low, int) and isinstance(high, int) and not 1 <= low <= high:
            message = f"minReplicas {low} and maxReplicas {high} leave no count. Allowed: 1 <= min <= max."
            yield Problem(object=identity, field="spec.minReplicas", message=message)


API_BOUNDS: Final = range(3, 101)
"""Replicas of the API that the deployment guide promises."""


@rule("hpa-bounds-of-house")
def hpa_bounds_of_house(view: ClusterView) -> Iterator[Problem]:
    """The API's HPA stays within 3 to 100 pods; a region with one consensus voter may go down to 1."""
    for identity, manifest in view.of(*HPA):
        if identity.name != names.API_HPA:
            continue
        low, high = at(manifest, "spec", "minReplicas"), at(manifest, "spec", "maxReplicas")
        lowest = 1 if _is_small(view) else API_BOUNDS.start
        for field, value in (("minReplicas", 1 if low is None else low), ("maxReplicas", high)):
            if isinstance(value, int) and not lowest <= value < API_BOUNDS.stop:
                message = f"{value} is outside the API's bounds of {lowest} to {API_BOUNDS.stop - 1}."
                yield Problem(object=identity, field=f"spec.{field}", message=message)


def _is_small(view: ClusterView) -> bool:
    counts = [
        at(region, "spec", "dwcp", "acp", "nodes") for _, region in view.of(names.API_GROUP, "NovaCronRegion")
    ]
    return bool(counts) and all(count == 1 for count in counts)


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    replicas_owned_elsewhere,
    scale_target_shared,
    vpa_beside_hpa,
    workload_selectors_overlap,
    pdb_overlap,
    hpa_bounds_invalid,
    hpa_bounds_of_house,
)
