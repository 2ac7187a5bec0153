"""Every region, one after the other: its tree in an empty cluster of its own."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e import apply
from tests.e2e.admission_scenario import check_host_network, check_refusals, check_rules, check_scaling
from tests.e2e.control_plane import ControlPlane, Etcd, start_control_plane
from tests.e2e.crds import Definitions, third_party
from tests.e2e.guide_scenario import check_guide
from tests.e2e.kwok import PLAYED_KINDS, nodes, start_nodes
from tests.e2e.machine import Machine
from tests.e2e.metrics_api import MetricsApi
from tests.e2e.ports import Ports
from tests.e2e.processes import Supervisor
from tests.e2e.report import CheckError, Report
from tests.e2e.secrets import issued
from tests.e2e.tree import RegionTree, read_regions
from tests.repository import Repository


@dataclass(kw_only=True)
class Site:
    """Where a run's clusters come from."""

    supervisor: Supervisor
    machine: Machine
    ports: Ports
    etcd: Etcd
    mirror: Path | None
    trees: list[RegionTree]
    _definitions: Definitions | None = field(default=None, init=False)

    def start_cluster(self, name: str, *, controllers: bool = True) -> ControlPlane:
        """An empty cluster."""
        return start_control_plane(
            self.supervisor, self.machine.binaries, self.ports, self.etcd, name, controllers=controllers
        )

    def definitions(self, cluster: ControlPlane, report: Report) -> Definitions:
        """Third-party CRDs of every kind in the trees and of Argo CD's own; read once."""
        if self._definitions is None:
            groups = apply.third_party_groups(self.trees, cluster.kubectl) | {"argoproj.io"}
            self._definitions = third_party(groups, mirror=self.mirror, go=self.machine.go)
            report.real[f"{len(self._definitions.objects)} third-party CRDs"] = self._definitions.source
        return self._definitions

    def furnish(
        self, cluster: ControlPlane, tree: RegionTree, report: Report, stack: ExitStack
    ) -> MetricsApi:
        """Give a cluster what a region's tree expects to find: definitions, nodes, metrics."""
        definitions = self.definitions(cluster, report)
        apply.apply_definitions(cluster.kubectl, definitions.of_groups(tree.groups()))
        for namespace in tree.foreign_namespaces():
            cluster.kubectl.apply(
                [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}]
            )
            report.played[f"Namespace {namespace}"] = "empty, where a cluster add-on would be installed"
        zones = [f"{tree.region}{letter}" for letter in "abc"]
        start_nodes(self.supervisor, self.machine.binaries, cluster, nodes(tree.region, zones))
        report.played.update({kind: how for kind, how in PLAYED_KINDS.items() if _occurs(kind, tree)})
        report.played["Node, Pod status"] = (
            "by KWOK: pods are scheduled and Ready, their containers don't run"
        )
        report.played["metrics.k8s.io, custom.metrics.k8s.io"] = (
            "a fixed load per pod, for HPA and kubectl top"
        )
        return stack.enter_context(MetricsApi(cluster))


BUSIEST = "production-us-east-1"
"""The region on which everything is asked that need be asked only once."""


def run_regions(site: Site, report: Report) -> None:
    """Apply each region's tree, wait for its workloads, apply it again, ask the server what it refuses."""
    for tree in site.trees:
        with site.supervisor.scope(), ExitStack() as stack:
            _run_region(site, report, tree, stack)


def _run_region(site: Site, report: Report, tree: RegionTree, stack: ExitStack) -> None:
    where = f"{tree.environment}/{tree.region}"
    up = f"{where}: a cluster with definitions and nodes is up"
    applied = f"{where}: the API server admits all {len(tree.files)} objects, in the order of waves"
    rolled_out = f"{where}: API ({tree.api_replicas}), consensus ({tree.consensus_members}) and DWCP roll out"
    clusters: list[ControlPlane] = []

    def start() -> None:
        clusters.append(site.start_cluster(tree.name))
        site.furnish(clusters[0], tree, report, stack)

    def roll_out() -> None:
        clusters[0].kubectl.apply(issued(tree))
        report.played["Secret of each certificate"] = (
            "empty, where cert-manager or the operator would issue it"
        )
        apply.roll_out(clusters[0].kubectl, tree)

    if not report.step(up, start):
        return
    kubectl = clusters[0].kubectl
    report.step(applied, lambda: apply.apply_tree(kubectl, tree), needs=up)
    report.step(rolled_out, roll_out, needs=applied)
    report.step(
        f"{where}: applying again changes nothing",
        lambda: apply.apply_again_changes_nothing(kubectl, tree),
        needs=applied,
    )
    check_refusals(kubectl, tree, report, needs=applied)
    if tree.name == BUSIEST:
        check_guide(kubectl, tree, report, needs=rolled_out)
        check_rules(kubectl, report, where=where, needs=applied)
        check_scaling(kubectl, tree, report, needs=rolled_out)


def run_host_mode(site: Site, report: Report) -> None:
    """A lab region whose agents use the host network: they are admitted, and nobody else gets more."""
    where = "lab with hostNetwork"
    up = f"{where}: synth, a cluster, and every object admitted"
    found: list[tuple[ControlPlane, RegionTree]] = []

    with site.supervisor.scope(), ExitStack() as stack:

        def start() -> None:
            lab = Repository.copy(site.supervisor.folder / "host-mode-fleet", published=False)
            lab.change("fleet/example.yaml", "dwcp:\n", "dwcp:\n      networking: {hostNetwork: true}\n")
            done = lab.novacron("synth")
            if done.returncode != 0:
                raise CheckError(done.stdout + done.stderr)
            (tree,) = (each for each in read_regions(lab.root / "generated") if each.name == "example-local")
            cluster = site.start_cluster("host-mode")
            site.furnish(cluster, tree, report, stack)
            apply.apply_tree(cluster.kubectl, tree)
            cluster.kubectl.apply(issued(tree))
            apply.roll_out(cluster.kubectl, tree)
            found.append((cluster, tree))

        if report.step(up, start):
            ((cluster, tree),) = found
            check_host_network(cluster.kubectl, tree, report, needs=up)


def _occurs(kind: str, tree: RegionTree) -> bool:
    return kind == "PersistentVolume" or bool(tree.of_kind(kind))
