"""The certificates by which members and agents know each other: whose, for which names, in which Secret.

cert-manager's Certificates are made from this, and the operator issues from the same where cert-manager is
not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from charts_py.contract import names
from charts_py.contract.external import External
from charts_py.contract.region import Region

CLUSTER_DOMAIN: Final = "cluster.local"


@dataclass(frozen=True, kw_only=True)
class CertificateRequest:
    """One leaf certificate, for server and client use alike, in `namespace`. No common name: it may not be
    longer than 64 characters, and TLS has long ignored it where DNS names are given."""

    app: str
    secret: str
    dns_names: tuple[str, ...]
    namespace: str = names.NAMESPACE


def service_names(service: str, namespace: str) -> tuple[str, ...]:
    """How pods of the cluster may spell a Service."""
    return (
        service,
        f"{service}.{namespace}",
        f"{service}.{namespace}.svc",
        f"{service}.{namespace}.svc.{CLUSTER_DOMAIN}",
    )


def agent_name(environment: str, region: str) -> str:
    """The name by which agents of other regions recognise a region's agents, whatever address they dial.

    With the environment in it, one issuer may sign for several environments without mixing them.
    """
    return f"{region}.{environment}.dwcp.{names.API_GROUP}"


def requests(region: Region) -> tuple[CertificateRequest, ...]:
    """Every certificate that the region's workloads need."""
    headless = service_names(names.CONSENSUS_HEADLESS, names.NAMESPACE)
    consensus = CertificateRequest(
        app=names.CONSENSUS,
        secret=names.tls_secret(names.CONSENSUS),
        dns_names=(
            *service_names(names.CONSENSUS_CLIENT, names.NAMESPACE),
            *headless,
            *(f"*.{name}" for name in headless),
            "localhost",
        ),
    )
    if not region.dwcp.enabled:
        return (consensus,)
    endpoint = region.network.dwcp_endpoint
    outside = (endpoint.rpartition(":")[0],) if endpoint and not _is_address(endpoint) else ()
    dwcp = CertificateRequest(
        app=names.DWCP,
        secret=names.tls_secret(names.DWCP),
        dns_names=(
            agent_name(region.environment, region.name),
            *service_names(names.DWCP, names.NAMESPACE),
            *service_names(names.DWCP_GATEWAY, names.NAMESPACE),
            *outside,
        ),
    )
    return (consensus, dwcp)


def request_of(region: Region, app: str) -> CertificateRequest:
    """The request of one workload; StopIteration for a workload without a certificate."""
    return next(request for request in requests(region) if request.app == app)


def issued_by_operator(region: Region) -> tuple[External, ...]:
    """The Secrets that the tree refers to and that the operator makes: none with cert-manager."""
    if region.security.certificates == "cert-manager":
        return ()
    return tuple(
        External(group="", kind="Secret", namespace=request.namespace, name=request.secret, owner="operator")
        for request in requests(region)
    )


def _is_address(endpoint: str) -> bool:
    return endpoint.rpartition(":")[0].replace(".", "").isdigit()
