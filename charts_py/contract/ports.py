"""Every port of the platform, once. Services, probes, policies, monitors and the agents read it here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from charts_py.contract import names

Protocol = Literal["TCP", "UDP"]


@dataclass(frozen=True, kw_only=True)
class Port:
    """A container port. `name` is what Services and monitors refer to (at most 15 characters)."""

    name: str
    number: int
    protocol: Protocol = "TCP"
    app_protocol: str | None = None


API_SERVICE_PORT: Final = 80
API_HTTP: Final = Port(name="http", number=8080, app_protocol="http")
API_METRICS: Final = Port(name="metrics", number=8081, app_protocol="http")

CONSENSUS_HTTP: Final = Port(name="http", number=9090, app_protocol="http")
CONSENSUS_METRICS: Final = Port(name="metrics", number=8081, app_protocol="http")
ETCD_CLIENT: Final = Port(name="etcd-client", number=2379, app_protocol="tcp")
ETCD_PEER: Final = Port(name="etcd-peer", number=2380, app_protocol="tcp")

DWCP_TRANSPORT: Final = Port(name="dwcp", number=8888, app_protocol="tcp")
DWCP_ADMIN: Final = Port(name="http-admin", number=9101, app_protocol="http")

OPERATOR_HEALTH: Final = Port(name="health", number=8080, app_protocol="http")
OPERATOR_METRICS: Final = Port(name="metrics", number=8081, app_protocol="http")

DNS_UDP: Final = Port(name="dns-udp", number=53, protocol="UDP")
DNS_TCP: Final = Port(name="dns-tcp", number=53)
KUBE_API_HTTPS: Final = Port(name="https", number=443)
KUBE_API_SECURE: Final = Port(name="kube-api", number=6443)
PROMETHEUS_HTTP: Final = Port(name="http", number=9090, app_protocol="http")
ISTIOD_XDS: Final = Port(name="istiod-xds", number=15012)

CONTAINER_PORTS: Final[dict[str, tuple[Port, ...]]] = {
    names.API: (API_HTTP, API_METRICS),
    names.CONSENSUS: (CONSENSUS_HTTP, CONSENSUS_METRICS, ETCD_CLIENT, ETCD_PEER),
    names.DWCP: (DWCP_TRANSPORT, DWCP_ADMIN),
    names.OPERATOR: (OPERATOR_HEALTH, OPERATOR_METRICS),
}
"""What each workload's container listens on, by its `app` label."""

METRICS_PORTS: Final[dict[str, Port]] = {
    names.API: API_METRICS,
    names.CONSENSUS: CONSENSUS_METRICS,
    names.DWCP: DWCP_ADMIN,
    names.OPERATOR: OPERATOR_METRICS,
}
"""Where Prometheus scrapes `/metrics` of each workload."""

HEALTH_PATHS: Final[dict[str, tuple[Port, str, str]]] = {
    names.API: (API_HTTP, "/healthz", "/ready"),
    names.CONSENSUS: (CONSENSUS_HTTP, "/livez", "/ready"),
    names.DWCP: (DWCP_ADMIN, "/healthz", "/ready"),
    names.OPERATOR: (OPERATOR_HEALTH, "/healthz", "/healthz"),
}
"""Port, liveness path and readiness path of each workload's probes."""

OWN_MTLS: Final[dict[str, tuple[Port, ...]]] = {
    names.CONSENSUS: (ETCD_CLIENT, ETCD_PEER),
    names.DWCP: (DWCP_TRANSPORT,),
}
"""Ports that bring their own mutual TLS: a mesh must leave them alone."""
