"""KWOK: nodes and kubelets that are played, so that pods of the real controllers become Ready.

What is played is only what a node, a storage provisioner or a third-party controller would write; each
third-party kind that a stage answers for is listed in `PLAYED_KINDS` and named in the run's summary.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.control_plane import ControlPlane
from tests.e2e.kubectl import Object, as_list
from tests.e2e.processes import Process, Supervisor

STAGES = Path(__file__).with_name("stages")

PLAYED_KINDS = {
    "PersistentVolume": "made for each claim, as a CSI provisioner would; the real controller binds it",
    "Certificate": "Ready=True, as cert-manager would",
    "Issuer": "Ready=True, as cert-manager would",
    "Service": "one of type LoadBalancer has an address, as a cloud's controller would give it",
}


def start_nodes(
    supervisor: Supervisor, binaries: Path, cluster: ControlPlane, objects: Sequence[Object]
) -> Process:
    """Start KWOK for a cluster, create these nodes and wait until they are Ready.

    Third-party CRDs must be there already: KWOK ends when it is to watch a kind that nobody serves, so
    stages of kinds that the cluster lacks are left out.
    """
    served = set(cluster.kubectl("api-versions").split())
    stages = [stage for stage in _stages() if stage["spec"]["resourceRef"]["apiGroup"] in served]
    config = supervisor.folder / cluster.name / "kwok.yaml"
    config.write_text(yaml.safe_dump_all(stages))
    process = supervisor.start(
        f"{cluster.name}-kwok",
        [
            binaries / "kwok",
            f"--kubeconfig={cluster.kubeconfig}",
            f"--config={config}",
            "--manage-all-nodes=true",
            # A heartbeat by lease would only load the machine; nobody here taints a silent node.
            "--node-lease-duration-seconds=0",
            "--cidr=10.0.0.1/16",
        ],
    )
    # `kubectl apply` would drop the capacity, because it is status; `create` keeps it.
    cluster.kubectl("create", "-f", "-", stdin=as_list(objects))
    supervisor.ready(process, lambda: all(map(node_is_ready, cluster.kubectl.items("nodes"))))
    return process


def _stages() -> list[Object]:
    return [stage for path in sorted(STAGES.glob("*.yaml")) for stage in yaml.safe_load_all(path.read_text())]


NODES_PER_ZONE = 4
"""Three zones of these carry the eleven members that consensus has at most, each on a node of its own."""


def nodes(region: str, zones: Sequence[str], *, labels: dict[str, str] | None = None) -> list[Object]:
    """A few nodes per zone, each large enough for a whole region's pods."""
    size = {"cpu": "4000", "memory": "16Ti", "ephemeral-storage": "64Ti", "pods": "5000"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": f"node-{zone}-{number}",
                "annotations": {"node.alpha.kubernetes.io/ttl": "0"},
                "labels": {
                    "kubernetes.io/arch": "amd64",
                    "kubernetes.io/os": "linux",
                    "kubernetes.io/hostname": f"node-{zone}-{number}",
                    "topology.kubernetes.io/region": region,
                    "topology.kubernetes.io/zone": zone,
                    "type": "kwok",
                    **(labels or {}),
                },
            },
            "status": {"allocatable": size, "capacity": size},
        }
        for zone in zones
        for number in range(NODES_PER_ZONE)
    ]


def node_is_ready(node: dict[str, Any]) -> bool:
    """Whether its Ready condition is True."""
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in node.get("status", {}).get("conditions", [])
    )
