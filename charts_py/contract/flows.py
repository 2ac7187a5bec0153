"""Who talks to whom, once. NetworkPolicies and mesh AuthorizationPolicies are both derived from this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from charts_py.contract import names, ports
from charts_py.contract.ports import Port

Outside = Literal["dns", "kube-api", "peer-regions", "ingress-gateway", "cluster", "prometheus", "istiod"]


@dataclass(frozen=True, kw_only=True, order=True)
class Workload:
    """Pods of ours, found by namespace and `app` label. They run as the ServiceAccount of the same name."""

    namespace: str
    app: str


API: Final = Workload(namespace=names.NAMESPACE, app=names.API)
CONSENSUS: Final = Workload(namespace=names.NAMESPACE, app=names.CONSENSUS)
DWCP: Final = Workload(namespace=names.NAMESPACE, app=names.DWCP)
OPERATOR: Final = Workload(namespace=names.SYSTEM_NAMESPACE, app=names.OPERATOR)

WORKLOADS: Final = (API, CONSENSUS, DWCP, OPERATOR)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One permitted direction of traffic: `source` opens connections to `target` on `ports`."""

    source: Workload | Outside
    target: Workload | Outside
    ports: tuple[Port, ...]
    reason: str
    when: Literal["always", "mesh", "no-mesh"] = "always"


FLOWS: Final[tuple[Flow, ...]] = (
    Flow(
        source="ingress-gateway", target=API, ports=(ports.API_HTTP,), reason="client requests", when="mesh"
    ),
    Flow(source="cluster", target=API, ports=(ports.API_HTTP,), reason="client requests", when="no-mesh"),
    Flow(
        source=API,
        target=CONSENSUS,
        ports=(ports.CONSENSUS_HTTP,),
        reason="linearizable reads and writes of the region's state",
    ),
    Flow(source=API, target=DWCP, ports=(ports.DWCP_ADMIN,), reason="start and follow transfers"),
    Flow(
        source=CONSENSUS,
        target=CONSENSUS,
        ports=(ports.ETCD_PEER, ports.ETCD_CLIENT, ports.CONSENSUS_HTTP),
        reason="Raft replication and membership",
    ),
    Flow(source=OPERATOR, target=CONSENSUS, ports=(ports.CONSENSUS_HTTP,), reason="membership and status"),
    Flow(source=OPERATOR, target=DWCP, ports=(ports.DWCP_ADMIN,), reason="link status"),
    Flow(
        source=CONSENSUS,
        target="kube-api",
        ports=(ports.KUBE_API_HTTPS, ports.KUBE_API_SECURE),
        reason="the founding grant, which outlives pods and volumes",
    ),
    Flow(
        source=OPERATOR,
        target="kube-api",
        ports=(ports.KUBE_API_HTTPS, ports.KUBE_API_SECURE),
        reason="watching and reconciling objects",
    ),
    Flow(
        source=DWCP, target="peer-regions", ports=(ports.DWCP_TRANSPORT,), reason="transfers to other regions"
    ),
    Flow(
        source="peer-regions",
        target=DWCP,
        ports=(ports.DWCP_TRANSPORT,),
        reason="transfers from other regions",
    ),
    *(
        Flow(source=workload, target="dns", ports=(ports.DNS_UDP, ports.DNS_TCP), reason="name resolution")
        for workload in WORKLOADS
    ),
    *(
        Flow(
            source="prometheus", target=workload, ports=(ports.METRICS_PORTS[workload.app],), reason="metrics"
        )
        for workload in WORKLOADS
    ),
    *(
        Flow(
            source=workload,
            target="istiod",
            ports=(ports.ISTIOD_XDS,),
            reason="sidecar configuration",
            when="mesh",
        )
        for workload in (API, CONSENSUS, OPERATOR)
    ),
)
"""Everything that may be said inside a region. Without a mesh the API answers any pod of the cluster, so that
whatever ingress the cluster has can reach it."""
