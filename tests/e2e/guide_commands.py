"""The deployment guide's commands that only look, word for word, and what the guide says they show.

A command that cannot run on this control plane has the reason instead of expectations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NO_KUBELET = "needs containers that run: KWOK plays the nodes, so nobody answers logs, exec or port-forward"
NO_VELERO = "needs Velero's command and server; what the API server can judge of its objects is judged"


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of the guide.

    Attributes:
        line: As the guide prints it.
        shows: Regular expressions (multi-line) that its answer matches; `{members}` and the like are filled
            in from the region.
        cannot: Why it cannot run here; empty if it can.
        seconds: For a command that goes on for ever: how long it is watched.
    """

    line: str
    shows: Sequence[str] = ()
    cannot: str = ""
    seconds: int = 0


COMMANDS = (
    Command(
        line="kubectl wait --for=condition=Ready novacroncluster/production -n novacron --timeout=30m",
        shows=[r"^novacroncluster\.novacron\.io/production condition met$"],
    ),
    Command(
        line="kubectl rollout status deployment/novacron-api -n novacron",
        shows=[r'^deployment "novacron-api" successfully rolled out$'],
    ),
    Command(
        line="kubectl get all -n novacron",
        shows=[
            r"^pod/novacron-consensus-0 +1/1 +Running",
            r"^service/novacron-api +ClusterIP +\S+ +<none> +80/TCP",
            r"^service/novacron-consensus-headless +ClusterIP +None",
            r"^daemonset\.apps/novacron-dwcp-network +{nodes} +{nodes} +{nodes}",
            r"^deployment\.apps/novacron-api +{api}/{api}",
            r"^statefulset\.apps/novacron-consensus +{members}/{members}",
            r"^horizontalpodautoscaler\.autoscaling/novacron-api-hpa +Deployment/novacron-api",
        ],
    ),
    Command(
        line="kubectl wait --for=condition=ready pod -l app=novacron-api -n novacron",
        shows=[r"(^pod/novacron-api-\S+ condition met\n){{{api}}}"],
    ),
    Command(
        line='kubectl describe nodes | grep -A5 "Allocated resources"',
        shows=[r"^Allocated resources:$", r"^ +cpu +[1-9]\S* \(\d+%\)"],
    ),
    Command(
        line="kubectl get pvc -n novacron",
        shows=[r"(^data-novacron-consensus-\d+ +Bound +.*\n){{{members}}}"],
    ),
    Command(
        line="kubectl get events -n novacron --sort-by='.lastTimestamp'",
        shows=[r"SuccessfulCreate +statefulset/novacron-consensus +"],
    ),
    Command(
        line="kubectl get pods -l app=novacron-consensus -n novacron",
        shows=[r"(^novacron-consensus-\d+ +1/1 +Running +0 +.*\n){{{members}}}"],
    ),
    Command(line="kubectl logs -l app=novacron-consensus -n novacron --tail=100", cannot=NO_KUBELET),
    Command(line="kubectl port-forward -n monitoring svc/prometheus 9090:9090", cannot=NO_KUBELET),
    Command(
        line="kubectl top pods -n novacron",
        shows=[r"(^novacron-api-\S+ +\d+m +\d+Mi *\n){{{api}}}", r"^novacron-consensus-0 +\d+m"],
    ),
    Command(
        line="kubectl get daemonset novacron-dwcp-network -n novacron",
        shows=[r"^novacron-dwcp-network +{nodes} +{nodes} +{nodes} +{nodes} +{nodes} "],
    ),
    Command(
        line="kubectl get networkpolicies -n novacron",
        shows=[
            r"^default-deny +<none>",
            r"^novacron-api +app=novacron-api",
            r"^novacron-consensus +app=novacron-consensus",
            r"^novacron-dwcp-network +app=novacron-dwcp-network",
        ],
    ),
    Command(
        line="kubectl exec -it -n novacron deploy/novacron-api -- "
        "curl -v http://novacron-consensus-0.novacron-consensus-headless:9090/health",
        cannot=NO_KUBELET,
    ),
    Command(
        line="kubectl describe deployment novacron-api -n novacron",
        shows=[
            r"^Replicas: +{api} desired \| {api} updated \| {api} total \| {api} available",
            r"^RollingUpdateStrategy: +0 max unavailable, 1 max surge",
            r"^   api:\n    Image: +novacron/api:",
        ],
    ),
    Command(line="kubectl logs -f -l app=novacron-api -n novacron --tail=100", cannot=NO_KUBELET),
    Command(line="kubectl exec -it -n novacron deploy/novacron-api -- /bin/bash", cannot=NO_KUBELET),
    Command(line="kubectl port-forward -n novacron svc/novacron-api 8080:80", cannot=NO_KUBELET),
    Command(
        line="kubectl get events -n novacron --watch",
        shows=[r"SuccessfulCreate +statefulset/novacron-consensus +"],
        seconds=3,
    ),
    Command(
        line="kubectl top nodes",
        shows=[r"(^node-\S+ +250m +\d+% +512Mi +\d+% *\n){{{nodes}}}"],
    ),
    Command(
        line="kubectl get vpa novacron-api-vpa -n novacron -o yaml",
        shows=[r'^    updateMode: "?Off"?$', r"^    name: novacron-api$"],
    ),
    Command(
        line="kubectl get pvc -A -o custom-columns=NAME:.metadata.name,NAMESPACE:.metadata.namespace,"
        "SIZE:.spec.resources.requests.storage,USED:.status.capacity.storage",
        shows=[r"^data-novacron-consensus-0 +novacron +{volume} +{volume}$"],
    ),
    Command(line="velero backup describe novacron-manual-backup", cannot=NO_VELERO),
    Command(line="velero restore describe novacron-restore-20231115", cannot=NO_VELERO),
    Command(
        line="kubectl get all -n dr-test",
        cannot="shows what a Velero restore brought into a namespace of its own",
    ),
    Command(line="kubectl exec -it -n dr-test deploy/novacron-api -- /health-check.sh", cannot=NO_KUBELET),
)
"""In the guide's order, each once."""

OTHER_TOOLS = {
    "velero backup create, velero restore create, velero install": NO_VELERO,
    "helm repo add, helm install": "changes the cluster, and the product's tree takes the chart's place",
    "eksctl create cluster": "makes a cluster at a cloud provider",
    "aws autoscaling update-auto-scaling-group": "changes machines at a cloud provider",
    "gcloud container clusters update": "changes machines at a cloud provider",
    "kubectl patch replicaschedulingpreference": "needs KubeFed's definitions, which the tree doesn't use",
}
"""Commands of the guide that change something far away or need another tool -> why they don't run here."""
