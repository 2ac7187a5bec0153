"""Quorum arithmetic of the consensus group: floor(n/2) + 1 of n voters must agree (Raft, section 5.1)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

from charts_py.contract import names
from charts_py.contract.dwcp import CONSENSUS_SIZES, quorum
from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks.pods import PodTemplate
from charts_py.tree.checks.references_scaling import AUTOSCALERS, scale_target
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import at, mapping, mappings, number
from charts_py.tree.checks.view import ClusterView, each, selector_of

REGION: Final = (names.API_GROUP, "NovaCronRegion")
CLUSTER: Final = (names.API_GROUP, "NovaCronCluster")
BUDGET: Final = ("policy", "PodDisruptionBudget")
STATEFUL_SET: Final = "StatefulSet"
SIZES: Final = ", ".join(str(size) for size in CONSENSUS_SIZES)


def consensus_settings(view: ClusterView) -> Iterator[tuple[ObjectId, str, dict[str, object]]]:
    """Every `dwcp.acp` of the cluster's NovaCronCluster and NovaCronRegion objects, per region too."""
    for identity, manifest in each(view, CLUSTER, REGION):
        places = [("spec.dwcp.acp", mapping(manifest, "spec", "dwcp", "acp"))]
        for index, region in mappings(manifest, "spec", "regions"):
            places.append((f"spec.regions[{index}].acp", mapping(region, "acp")))
        for field, settings in places:
            if settings:
                yield identity, field, dict(settings)


def is_consensus(pod: PodTemplate) -> bool:
    """Whether these pods are the voters."""
    return (pod.owner.group, pod.owner.kind, pod.owner.name) == ("apps", STATEFUL_SET, names.CONSENSUS)


@rule("consensus-count-invalid")
def consensus_count_invalid(view: ClusterView) -> Iterator[Problem]:
    """Every consensus count is odd and from 1 to 11."""
    for identity, field, settings in consensus_settings(view):
        nodes = settings.get("nodes")
        if nodes is not None and (nodes not in CONSENSUS_SIZES or isinstance(nodes, bool)):
            message = (
                f"{nodes} is no size of a consensus group; an even one survives no more "
                f"failures. Use {SIZES}."
            )
            yield Problem(object=identity, field=f"{field}.nodes", message=message)


@rule("quorum-size-wrong")
def quorum_size_wrong(view: ClusterView) -> Iterator[Problem]:
    """Every quorumSize that is given is floor(nodes / 2) + 1."""
    for identity, field, settings in consensus_settings(view):
        nodes, given = settings.get("nodes"), settings.get("quorumSize")
        if isinstance(nodes, int) and given is not None and given != quorum(nodes):
            message = (
                f"quorumSize of {nodes} nodes is {quorum(nodes)}, not {given}. Leave it out or correct it."
            )
            yield Problem(object=identity, field=f"{field}.quorumSize", message=message)


def voters(view: ClusterView) -> int | None:
    """How many voters the cluster's NovaCronRegion asks for, None without one."""
    for _, manifest in view.of(*REGION):
        nodes = number(manifest, "spec", "dwcp", "acp", "nodes")
        if nodes is not None:
            return nodes
    return None


@rule("consensus-count-unknown")
def consensus_count_unknown(view: ClusterView) -> Iterator[Problem]:
    """Every consensus StatefulSet has a NovaCronRegion beside it that says how many voters there are."""
    if voters(view) is None:
        for pod in view.pods:
            if is_consensus(pod):
                yield Problem(
                    object=pod.owner,
                    field="metadata.name",
                    message="no NovaCronRegion of this cluster has spec.dwcp.acp.nodes, so nobody "
                    "knows the quorum. "
                    f"Emit the region's NovaCronRegion with one of {SIZES}.",
                )


@rule("consensus-pdb-missing")
def consensus_pdb_missing(view: ClusterView) -> Iterator[Problem]:
    """Every consensus StatefulSet of more than one voter has a PodDisruptionBudget."""
    budgets = list(_consensus_budgets(view))
    if budgets or (voters(view) or 0) < 2:
        return
    for pod in view.pods:
        if is_consensus(pod):
            message = (
                "no PodDisruptionBudget selects the voters: a node drain could evict the quorum. Add one."
            )
            yield Problem(object=pod.owner, field="spec.selector", message=message)


@rule("pdb-below-quorum")
def pdb_below_quorum(view: ClusterView) -> Iterator[Problem]:
    """No PodDisruptionBudget lets evictions take the consensus group below its quorum."""
    total = voters(view)
    if total is None:
        return
    for identity, field, value in _consensus_budgets(view):
        count = _scaled(value, total)
        if count is None:
            yield Problem(
                object=identity, field=field, message=f"{value!r} is neither a count nor a percentage."
            )
            continue
        healthy = total - count if field.endswith("maxUnavailable") else count
        if healthy < quorum(total):
            yield Problem(
                object=identity,
                field=field,
                message=f"{value} leaves {max(healthy, 0)} of {total} voters, but {quorum(total)} "
                "must agree. "
                f"Allowed: maxUnavailable of at most {total - quorum(total)}, or minAvailable of at least "
                f"{quorum(total)}.",
            )


def _consensus_budgets(view: ClusterView) -> Iterator[tuple[ObjectId, str, object]]:
    for identity, manifest in view.of(*BUDGET):
        pods = view.own_pods(selector_of(manifest, "spec", "selector"), [identity.namespace])
        if any(is_consensus(pod) for pod in pods):
            for side in ("maxUnavailable", "minAvailable"):
                value = at(manifest, "spec", side)
                if value is not None:
                    yield identity, f"spec.{side}", value


def _scaled(value: object, total: int) -> int | None:
    """The pods that `value` means; the disruption controller rounds a percentage up."""
    if isinstance(value, int):
        return value
    percentage = re.fullmatch(r"(\d{1,3})%", value) if isinstance(value, str) else None
    return math.ceil(total * int(percentage[1]) / 100) if percentage else None


@rule("hpa-on-consensus")
def hpa_on_consensus(view: ClusterView) -> Iterator[Problem]:
    """No autoscaler counts or resizes the voters: a replica count is not Raft membership."""
    for identity, manifest in each(view, *AUTOSCALERS):
        target = scale_target(identity, manifest)
        passive = at(manifest, "spec", "updatePolicy", "updateMode") == "Off"
        if target.kind == STATEFUL_SET and target.name == names.CONSENSUS and not passive:
            yield Problem(
                object=identity,
                field="spec.scaleTargetRef"
                if identity.kind == "HorizontalPodAutoscaler"
                else "spec.targetRef",
                message=f"{target} has its members from the operator: an autoscaler would pick even "
                "counts and "
                "remove voters that are still members. Remove the autoscaler; set dwcp.acp.nodes instead.",
            )


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    consensus_count_invalid,
    quorum_size_wrong,
    consensus_count_unknown,
    consensus_pdb_missing,
    pdb_below_quorum,
    hpa_on_consensus,
)
