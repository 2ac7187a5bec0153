"""The part of the run that a cluster of the user's own can take: the smallest region, applied and removed."""

from __future__ import annotations

from pathlib import Path

from charts_py.contract.names import NAMESPACE, SYSTEM_NAMESPACE
from tests.e2e import apply
from tests.e2e.admission_scenario import check_refusals
from tests.e2e.kubectl import Kubectl
from tests.e2e.report import NotRunError, Report
from tests.e2e.tree import RegionTree

SMALLEST = "example-local"


class OccupiedError(Exception):
    """The cluster holds a NovaCron already; nothing was changed."""


def user_kubectl(kubeconfig: str, binary: Path, cache: Path) -> Kubectl:
    """kubectl against the cluster of `kubeconfig`, with a discovery cache of the run's own."""
    return Kubectl(binary=binary, environment={"KUBECONFIG": kubeconfig, "KUBECACHEDIR": str(cache)})


def refuse_occupied(kubectl: Kubectl) -> None:
    """OccupiedError if one of our namespaces exists: this run would overwrite and then delete it."""
    for namespace in (NAMESPACE, SYSTEM_NAMESPACE):
        if kubectl.find("namespace", namespace):
            raise OccupiedError(
                f"namespace {namespace} exists in this cluster; the run would overwrite and delete what is "
                "in it. Use an empty cluster, or unset KUBECONFIG to have one started here"
            )


def run_on_user_cluster(kubectl: Kubectl, trees: list[RegionTree], report: Report) -> None:
    """Apply the smallest region, ask the admission questions, apply again, remove it."""
    report.real["the cluster of KUBECONFIG"] = (
        kubectl("version", "-o", "yaml").split("gitVersion: ")[-1].split()[0]
    )
    (tree,) = (each for each in trees if each.name == SMALLEST)
    applied = f"{SMALLEST}: the API server admits all {len(tree.files)} objects, in the order of waves"
    again = f"{SMALLEST}: applying again changes nothing"
    report.step(applied, lambda: apply.apply_tree(kubectl, tree))
    check_refusals(kubectl, tree, report, needs=applied)
    report.step(again, lambda: apply.apply_again_changes_nothing(kubectl, tree), needs=applied)
    report.step(f"{SMALLEST}: everything of it can be removed", lambda: _remove(kubectl, tree))
    for what in ("the other regions", "roll-outs", "Argo CD", "the guide's commands"):
        report.step(what, _not_here)


def _not_here() -> None:
    raise NotRunError("only on clusters that this run starts itself; unset KUBECONFIG")


def _remove(kubectl: Kubectl, tree: RegionTree) -> None:
    for _, files in reversed(list(tree.waves())):
        words = [word for file in files for word in ("-f", str(file.path))]
        kubectl("delete", "--ignore-not-found", "--wait=false", *words)
    for namespace in (NAMESPACE, SYSTEM_NAMESPACE):
        kubectl("wait", "--for=delete", f"namespace/{namespace}", "--timeout=180s")
