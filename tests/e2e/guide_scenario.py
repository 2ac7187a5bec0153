"""The deployment guide's commands against a region that has been rolled out."""

from __future__ import annotations

import json
import re
from functools import partial

from charts_py.contract.names import NAMESPACE
from tests.e2e.guide_commands import COMMANDS, OTHER_TOOLS, Command
from tests.e2e.kubectl import Kubectl
from tests.e2e.report import CheckError, NotRunError, Report
from tests.e2e.tree import RegionTree

_READY = {
    "status": {
        "observedGeneration": 1,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Played",
                "message": "played",
                "lastTransitionTime": "2000-01-01T00:00:00Z",
            }
        ],
    }
}


def check_guide(kubectl: Kubectl, tree: RegionTree, report: Report, *, needs: str) -> None:
    """Run each command that can run on a region of production, and name each that can't."""
    ready = f"{tree.environment}/{tree.region}: the operator's status of the NovaCronCluster is played"
    report.played["NovaCronCluster status"] = "Ready, as the operator would report"
    if report.step(ready, lambda: _play_cluster_ready(kubectl, tree), needs=needs):
        facts = _facts(kubectl, tree)
        for command in COMMANDS:
            act = partial(check, kubectl, command, facts)
            report.step(f"guide: {command.line}", act, needs=needs)
    for line, reason in OTHER_TOOLS.items():
        report.step(f"guide: {line}", partial(_cannot, reason))


def _play_cluster_ready(kubectl: Kubectl, tree: RegionTree) -> None:
    """Say what the operator would say once everything is up."""
    for file in tree.of_kind("NovaCronCluster"):
        words = ("--type=merge", "--subresource=status", "-p", json.dumps(_READY))
        kubectl("patch", *file.words, *words)


def check(kubectl: Kubectl, command: Command, facts: dict[str, object]) -> None:
    """Run a command and compare its answer with what the guide says; NotRunError if it can't run here."""
    if command.cannot:
        raise NotRunError(command.cannot)
    line = command.line
    if command.seconds:
        # 124 is how `timeout` says that it ended the command.
        line = f"timeout {command.seconds} {line} || [ $? = 124 ]"
    answer = kubectl.shell(line)
    missing = [pattern for pattern in expected(command, facts) if not re.search(pattern, answer, re.M)]
    if missing:
        raise CheckError(f"not in the answer: {missing}\nthe answer:\n{answer[:3000]}")


def expected(command: Command, facts: dict[str, object]) -> list[str]:
    """The patterns of an answer for a region with these facts."""
    return [pattern.format(**facts) for pattern in command.shows]


def _facts(kubectl: Kubectl, tree: RegionTree) -> dict[str, object]:
    (region,) = tree.of_kind("NovaCronRegion")
    return {
        "api": tree.api_replicas,
        "members": len(kubectl.items("pods", "-n", NAMESPACE, "-l", "app=novacron-consensus")),
        "nodes": len(kubectl.items("nodes")),
        "volume": region.object["spec"]["consensus"]["volume"]["size"],
    }


def _cannot(reason: str) -> None:
    raise NotRunError(reason)
