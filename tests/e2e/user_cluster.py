"""`KUBECONFIG=...`: the same tree on a cluster that somebody else runs.

Nothing of it is played, and what a run made it takes away again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from charts_py.contract.names import NAMESPACE, SYSTEM_NAMESPACE
from tests.e2e import apply
from tests.e2e.admission_scenario import check_refusals
from tests.e2e.kubectl import CommandError, Kubectl
from tests.e2e.report import CheckError, NotRunError, Report
from tests.e2e.tree import RegionTree
from tests.e2e.wait import NotInTimeError

_NAMESPACES = (NAMESPACE, SYSTEM_NAMESPACE)

_LEFT_OUT = {
    "the real Argo CD": "it is started beside a control plane of its own, so not on your cluster",
    "the guide's commands": "their answers show production's sizes and the played metrics",
    "CEL and the fleet reader agree": "defines a kind of its own for it, so not on your cluster",
    "host mode": "lifts the namespace's Pod Security level, so not on your cluster",
    "scaling consensus": "needs an operator, and images that run",
}
"""Parts of a run that are left out here -> why."""

ROLLOUT_SECONDS = 60


class UnfitClusterError(Exception):
    """The cluster can't be used; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class UserCluster:
    """A cluster that KUBECONFIG names.

    Attributes:
        kubectl: For its current context, with a discovery cache of the run's own.
        context: The context's name.
        version: The server's version.
    """

    kubectl: Kubectl
    context: str
    version: str

    @classmethod
    def look(cls, binaries: Path, kubeconfig: str, cache: Path) -> UserCluster:
        """Reach the cluster, and refuse one that has NovaCron already.

        Raises:
            UnfitClusterError: A file is missing, nothing answers, or one of our namespaces exists.
        """
        missing = [path for path in kubeconfig.split(os.pathsep) if path and not Path(path).is_file()]
        if missing:
            raise UnfitClusterError(
                f"KUBECONFIG: no file {', '.join(missing)}; unset it to run without a cluster of your own"
            )
        environment = {"KUBECONFIG": kubeconfig, "KUBECACHEDIR": str(cache)}
        kubectl = Kubectl(binary=binaries / "kubectl", environment=environment)
        try:
            context = kubectl("config", "current-context").strip()
            version = str(json.loads(kubectl("get", "--raw", "/version"))["gitVersion"])
            occupied = [name for name in _NAMESPACES if kubectl.find("namespace", name)]
        except CommandError as error:
            raise UnfitClusterError(f"KUBECONFIG: the cluster does not answer\n{error}") from None
        if occupied:
            raise UnfitClusterError(
                f"namespace {occupied[0]} exists in the cluster of context {context}; the run would "
                "overwrite and delete what is in it. Use a cluster without it, or unset KUBECONFIG to have "
                "one started here"
            )
        return cls(kubectl=kubectl, context=context, version=version)


def run_on_user_cluster(cluster: UserCluster, trees: Sequence[RegionTree], report: Report) -> None:
    """Apply each region whose definitions the cluster has, ask what it refuses, and remove it again."""
    report.real[f"the cluster of KUBECONFIG, context {cluster.context}"] = cluster.version
    for tree in trees:
        _run_region(cluster.kubectl, tree, report)
    for name, reason in _LEFT_OUT.items():
        report.step(name, partial(_cannot, reason))


def _run_region(kubectl: Kubectl, tree: RegionTree, report: Report) -> None:
    where = f"{tree.environment}/{tree.region}"
    fits = f"{where}: your cluster has the definitions and add-ons, and none of the objects"
    applied = f"{where}: your API server admits all {len(tree.files)} objects, in the order of waves"
    if not report.step(fits, lambda: _fits(kubectl, tree)):
        return
    with _removed(kubectl, tree, report):
        report.step(applied, lambda: apply.apply_tree(kubectl, tree))
        report.step(
            f"{where}: API, consensus and DWCP roll out", lambda: _roll_out(kubectl, tree), needs=applied
        )
        report.step(
            f"{where}: applying again changes nothing",
            lambda: apply.apply_again_changes_nothing(kubectl, tree),
            needs=applied,
        )
        check_refusals(kubectl, tree, report, needs=applied)


def _fits(kubectl: Kubectl, tree: RegionTree) -> None:
    lacking = apply.third_party_groups([tree], kubectl)
    if lacking:
        raise NotRunError(f"your cluster has no definitions of {', '.join(sorted(lacking))}")
    absent = [name for name in tree.foreign_namespaces() if not kubectl.find("namespace", name)]
    if absent:
        raise NotRunError(f"your cluster has no namespace {', '.join(absent)}, so not its add-on")
    own = {crd.object["spec"]["group"] for crd in tree.of_kind("CustomResourceDefinition")}
    there = [file for file in tree.files if file.group not in own and kubectl.find(*file.words)]
    if there:
        names = ", ".join(" ".join(file.words) for file in there)
        raise NotRunError(f"your cluster has these already, and this run would take them over: {names}")


@contextmanager
def _removed(kubectl: Kubectl, tree: RegionTree, report: Report) -> Iterator[None]:
    try:
        yield
    finally:
        where = f"{tree.environment}/{tree.region}"
        report.step(f"{where}: everything that was applied is removed again", lambda: _remove(kubectl, tree))


def _remove(kubectl: Kubectl, tree: RegionTree) -> None:
    for _, files in reversed(list(tree.waves())):
        names = [word for file in files for word in ("-f", str(file.path))]
        kubectl("delete", "--ignore-not-found", "--timeout=120s", *names)
    left = [" ".join(file.words) for file in tree.of_kind("Namespace") if kubectl.find(*file.words)]
    if left:
        raise CheckError(f"still there: {', '.join(left)}")


def _roll_out(kubectl: Kubectl, tree: RegionTree) -> None:
    """As on a played cluster, unless the images or Secrets that pods need are not there."""
    if not kubectl.items("nodes"):
        raise NotRunError("your cluster has no nodes")
    try:
        apply.roll_out(kubectl, tree, seconds=ROLLOUT_SECONDS)
    except (CommandError, NotInTimeError):
        waiting = sorted(set(_waiting(kubectl)))
        if not waiting:
            raise
        raise NotRunError(f"pods wait for what the tree doesn't bring: {', '.join(waiting)}") from None


def _waiting(kubectl: Kubectl) -> Iterator[str]:
    """Why pods aren't ready: reasons that lie outside of the tree."""
    for pod in kubectl.items("pods", "-n", NAMESPACE):
        status = pod.get("status", {})
        for container in status.get("containerStatuses", []):
            reason = container.get("state", {}).get("waiting", {}).get("reason", "")
            if reason in ("ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "ContainerCreating"):
                yield f"{reason} ({container['image']})"
        for condition in status.get("conditions", []):
            if condition.get("reason") == "Unschedulable":
                yield f"Unschedulable ({condition.get('message', '')})"


def _cannot(reason: str) -> None:
    raise NotRunError(reason)
