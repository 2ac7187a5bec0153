"""`KUBECONFIG=... make e2e` itself, run as a user would, against a cluster that plays the user's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack

from charts_py.contract.names import NAMESPACE
from tests.e2e.control_plane import ControlPlane
from tests.e2e.machine import CHECKOUT
from tests.e2e.region_scenario import Site
from tests.e2e.report import CheckError, Report

REGION = "example-local"


def run_as_user(site: Site, report: Report) -> None:
    """A second run, in a process of its own, on a cluster that this one started."""
    (tree,) = (tree for tree in site.trees if tree.name == REGION)
    up = "KUBECONFIG: a cluster that plays the user's is up"
    clusters: list[ControlPlane] = []

    with site.supervisor.scope(), ExitStack() as stack:

        def start() -> None:
            clusters.append(site.start_cluster("users-own"))
            site.furnish(clusters[0], tree, report, stack)

        report.step(up, start)
        report.step(
            "KUBECONFIG: a run applies what fits, says what it left out, and leaves nothing behind",
            lambda: _runs_and_leaves_nothing(clusters[0]),
            needs=up,
        )
        report.step(
            f"KUBECONFIG: a cluster with a namespace {NAMESPACE} is refused",
            lambda: _occupied_is_refused(clusters[0]),
            needs=up,
        )


def _runs_and_leaves_nothing(cluster: ControlPlane) -> None:
    before = _everything(cluster)
    done = _run(cluster)
    closing = (done.stdout.splitlines() or [""])[-1]
    if done.returncode != 0 or not re.fullmatch(r"\d+ passed, 0 failed, \d+ skipped", closing):
        raise CheckError(f"exited with {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")
    left = sorted(_everything(cluster) - before)
    if left:
        raise CheckError(f"left behind: {', '.join(left)}")


def _occupied_is_refused(cluster: ControlPlane) -> None:
    cluster.kubectl("create", "namespace", NAMESPACE)
    done = _run(cluster)
    if done.returncode != 2 or f"namespace {NAMESPACE} exists" not in done.stderr:
        raise CheckError(f"exited with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")


def _run(cluster: ControlPlane) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.e2e"],
        cwd=CHECKOUT,
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )


def _everything(cluster: ControlPlane) -> set[str]:
    kinds = "namespaces,crds,clusterroles,clusterrolebindings,priorityclasses,storageclasses,"
    kinds += "validatingadmissionpolicies,validatingadmissionpolicybindings"
    return set(cluster.kubectl("get", kinds, "-o", "name").split())
