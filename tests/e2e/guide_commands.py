"""The deployment guide's commands that only look, each with what the guide says the answer shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from charts_py.contract.names import NAMESPACE
from tests.e2e.kubectl import Kubectl
from tests.e2e.report import CheckError, NotRunError, Report

_NO_CONTAINERS: Final = "the containers on played nodes don't run: nothing to read from or talk to"
_NOT_HERE: Final = "a command of another product, against a cloud account that this machine has not"


@dataclass(frozen=True, kw_only=True)
class GuideCommand:
    """A command line of the guide. `shows` are texts that its answer must hold; `absent` says why it can't
    be run on a played node."""

    line: str
    shows: tuple[str, ...] = ()
    absent: str | None = None


COMMANDS: Final = (
    GuideCommand(
        line="kubectl wait --for=condition=Ready novacroncluster/production -n novacron --timeout=30m",
        shows=("novacroncluster.novacron.io/production condition met",),
    ),
    GuideCommand(
        line="kubectl rollout status deployment/novacron-api -n novacron",
        shows=('deployment "novacron-api" successfully rolled out',),
    ),
    GuideCommand(
        line="kubectl get all -n novacron",
        shows=(
            "deployment.apps/novacron-api",
            "statefulset.apps/novacron-consensus",
            "daemonset.apps/novacron-dwcp-network",
            "horizontalpodautoscaler.autoscaling/novacron-api-hpa",
            "service/novacron-api",
            "service/novacron-consensus-headless",
        ),
    ),
    GuideCommand(
        line="kubectl wait --for=condition=ready pod -l app=novacron-api -n novacron",
        shows=("condition met",),
    ),
    GuideCommand(
        line='kubectl describe nodes | grep -A5 "Allocated resources"', shows=("Requests", "cpu", "memory")
    ),
    GuideCommand(line="kubectl get pvc -n novacron", shows=("data-novacron-consensus-0", "Bound")),
    GuideCommand(
        line="kubectl get events -n novacron --sort-by='.lastTimestamp'", shows=("SuccessfulCreate",)
    ),
    GuideCommand(
        line="kubectl get pods -l app=novacron-consensus -n novacron",
        shows=("novacron-consensus-0", "novacron-consensus-6", "Running"),
    ),
    GuideCommand(line="kubectl top pods -n novacron", shows=("novacron-api-", "novacron-consensus-0")),
    GuideCommand(line="kubectl top nodes", shows=("CPU", "MEMORY")),
    GuideCommand(
        line="kubectl get daemonset novacron-dwcp-network -n novacron", shows=("novacron-dwcp-network", "12")
    ),
    GuideCommand(
        line="kubectl get networkpolicies -n novacron",
        shows=("default-deny", "novacron-api", "novacron-consensus", "novacron-dwcp-network"),
    ),
    GuideCommand(
        line="kubectl describe deployment novacron-api -n novacron",
        shows=("0 max unavailable, 1 max surge", "Available", "novacron/api:3.0.0"),
    ),
    GuideCommand(
        line="kubectl get vpa novacron-api-vpa -n novacron -o yaml",
        shows=('updateMode: "Off"', "name: novacron-api"),
    ),
    GuideCommand(
        line="kubectl get pvc -A -o custom-columns=NAME:.metadata.name,NAMESPACE:.metadata.namespace,"
        "SIZE:.spec.resources.requests.storage,USED:.status.capacity.storage",
        shows=("data-novacron-consensus-0", "100Gi"),
    ),
    GuideCommand(line="kubectl get events -n novacron --watch", absent="it never ends"),
    GuideCommand(line="kubectl logs -l app=novacron-consensus -n novacron --tail=100", absent=_NO_CONTAINERS),
    GuideCommand(line="kubectl logs -f -l app=novacron-api -n novacron --tail=100", absent=_NO_CONTAINERS),
    GuideCommand(
        line="kubectl exec -it -n novacron deploy/novacron-api -- "
        "curl -v http://novacron-consensus-0.novacron-consensus-headless:9090/health",
        absent=_NO_CONTAINERS,
    ),
    GuideCommand(line="kubectl port-forward -n novacron svc/novacron-api 8080:80", absent=_NO_CONTAINERS),
    GuideCommand(
        line="kubectl port-forward -n monitoring svc/prometheus 9090:9090",
        absent="Prometheus is an add-on of the cluster, not part of the tree",
    ),
    GuideCommand(line="velero backup describe novacron-manual-backup", absent=_NOT_HERE),
    GuideCommand(line="velero restore describe novacron-restore-20231115", absent=_NOT_HERE),
)


def check_guide(kubectl: Kubectl, report: Report, *, where: str, needs: str) -> None:
    """Run every command on a cluster that holds a region of production."""
    ready = f"{where}: the operator's status of the NovaCronCluster is played"
    report.played["NovaCronCluster status"] = "Ready, as the operator would report"
    report.step(ready, lambda: _play_ready(kubectl), needs=needs)
    for command in COMMANDS:
        report.step(f"guide: {command.line}", _run(kubectl, command), needs=ready)


def _run(kubectl: Kubectl, command: GuideCommand) -> Callable[[], None]:
    def act() -> None:
        if command.absent is not None:
            raise NotRunError(command.absent)
        answer = kubectl.shell(command.line)
        missing = [text for text in command.shows if text not in answer]
        if missing:
            raise CheckError(f"the answer does not show {missing}:\n{answer[-2000:]}")

    return act


def _play_ready(kubectl: Kubectl) -> None:
    patch = (
        '{"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Played", "message": "",'
        ' "lastTransitionTime": "2000-01-01T00:00:00Z"}]}}'
    )
    kubectl(
        "patch",
        "novacroncluster/production",
        "-n",
        NAMESPACE,
        "--subresource=status",
        "--type=merge",
        "-p",
        patch,
    )
