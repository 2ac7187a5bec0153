"""Requests, limits and the quotas that have to hold them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from charts_py.contract import quantity
from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks.pods import PodTemplate
from charts_py.tree.checks.quorum import is_consensus, voters
from charts_py.tree.checks.references_scaling import AUTOSCALERS, scale_target
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import mapping, number
from charts_py.tree.checks.view import ClusterView

NEEDED: Final = ("cpu", "memory")
NANO: Final = 10**9


@rule("requests-missing")
def requests_missing(view: ClusterView) -> Iterator[Problem]:
    """Every container requests cpu and memory, without which the scheduler and the HPA are blind."""
    for pod in view.pods:
        for container in pod.containers:
            requests = mapping(container.spec, "resources", "requests")
            for resource in NEEDED:
                if resource not in requests and container.role != "ephemeral":
                    yield Problem(
                        object=pod.owner,
                        field=f"{container.field}.resources.requests.{resource}",
                        message=f"container {container.name} requests no {resource}. Give it a quantity.",
                    )


@rule("memory-limit-missing")
def memory_limit_missing(view: ClusterView) -> Iterator[Problem]:
    """Every container has a memory limit, so that a leak ends that container and not its node."""
    for pod in view.pods:
        for container in pod.containers:
            limits = mapping(container.spec, "resources", "limits")
            if "memory" not in limits and container.role != "ephemeral":
                yield Problem(
                    object=pod.owner,
                    field=f"{container.field}.resources.limits.memory",
                    message=f"container {container.name} has no memory limit. Give it a quantity.",
                )


@rule("limit-below-request")
def limit_below_request(view: ClusterView) -> Iterator[Problem]:
    """No container's limit is less than its request."""
    for pod in view.pods:
        for container in pod.containers:
            limits = mapping(container.spec, "resources", "limits")
            for resource, wanted in mapping(container.spec, "resources", "requests").items():
                low, high = _nano(wanted), _nano(limits.get(resource))
                if low is not None and high is not None and high < low:
                    yield Problem(
                        object=pod.owner,
                        field=f"{container.field}.resources.limits.{resource}",
                        message=f"the limit {limits[resource]} is below the request {wanted}. Raise "
                        "the limit.",
                    )


@rule("quota-too-small")
def quota_too_small(view: ClusterView) -> Iterator[Problem]:
    """Every ResourceQuota holds its namespace's pods at the HPAs' maxima, plus a rolling update's pod."""
    counts = _counts(view)
    for identity, manifest in view.of("", "ResourceQuota"):
        hard = mapping(manifest, "spec", "hard")
        if mapping(manifest, "spec", "scopeSelector") or "scopes" in mapping(manifest, "spec"):
            continue
        pods = [pod for pod in view.pods if pod.namespace == identity.namespace]
        for name, allowed in hard.items():
            most = _nano(allowed)
            needed = _needed(name, pods, counts)
            if most is not None and needed is not None and needed > most:
                yield Problem(
                    object=identity,
                    field=f"spec.hard[{name}]",
                    message=f"{allowed} is less than the {_spell(name, needed)} that the namespace's "
                    "workloads need "
                    "at their largest; the last pods would be refused. Raise it or lower the HPA's maximum.",
                )


def _counts(view: ClusterView) -> dict[ObjectId, int]:
    counts: dict[ObjectId, int] = {}
    for pod in view.pods:
        if pod.owner.kind in ("Deployment", "StatefulSet", "ReplicaSet", "Rollout"):
            replicas = number(view.by_id[pod.owner], "spec", "replicas")
            counts[pod.owner] = 1 if replicas is None else replicas
        elif not pod.long_running:
            counts[pod.owner] = 1
        if is_consensus(pod):
            counts[pod.owner] = voters(view) or counts[pod.owner]
    for identity, manifest in view.of(*AUTOSCALERS[0]):
        target = scale_target(identity, manifest)
        if target in counts:
            counts[target] = number(manifest, "spec", "maxReplicas") or counts[target]
    for owner in counts:
        if owner.kind in ("Deployment", "Rollout"):
            counts[owner] += 1
    return counts


def _needed(name: str, pods: list[PodTemplate], counts: dict[ObjectId, int]) -> int | None:
    if name in ("pods", "count/pods"):
        return NANO * sum(counts.get(pod.owner, 0) for pod in pods)
    side, _, resource = name.rpartition(".")
    side = side or "requests"
    if side not in ("requests", "limits") or resource not in NEEDED:
        return None
    return sum(counts.get(pod.owner, 0) * _of_pod(pod, side, resource) for pod in pods)


def _of_pod(pod: PodTemplate, side: str, resource: str) -> int:
    running = started = 0
    for container in pod.containers:
        amount = _nano(mapping(container.spec, "resources", side).get(resource)) or 0
        if container.role in ("main", "sidecar"):
            running += amount
        elif container.role == "init":
            started = max(started, amount)
    return max(running, started)


def _nano(value: object) -> int | None:
    """The amount in billionths, None if it is no quantity."""
    try:
        return quantity.parse(str(value)).nano
    except ValueError:
        return None


def _spell(name: str, needed: int) -> str:
    return str(quantity.Quantity(nano=needed, binary=name.endswith("memory")).rounded_up())


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    requests_missing,
    memory_limit_missing,
    limit_below_request,
    quota_too_small,
)
