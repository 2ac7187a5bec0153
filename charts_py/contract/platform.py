"""Settings of what surrounds the workloads: security, mesh, backup, monitoring, network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from charts_py.contract.patterns import (
    AZURE_ACCOUNT,
    BUCKET,
    CIDR,
    DNS_LABEL,
    DNS_NAME,
    ENDPOINT,
    REGION_NAME,
)
from charts_py.contract.setting import Rule, setting

Provider = Literal["aws", "gcp", "azure", "none"]


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """A cert-manager issuer that exists in the cluster."""

    name: str = setting("Name of the issuer.", pattern=DNS_NAME)
    kind: Literal["Issuer", "ClusterIssuer"] = setting("Kind of the issuer.", default="ClusterIssuer")


@dataclass(frozen=True, kw_only=True)
class Security:
    """Where the certificates of etcd and DWCP come from."""

    RULES: ClassVar[tuple[Rule[Security], ...]] = (
        Rule(
            path=("issuer",),
            message="certificates: cert-manager needs issuer.name, the issuer that signs them",
            cel="self.certificates != 'cert-manager' || has(self.issuer)",
            holds=lambda security: security.certificates != "cert-manager" or security.issuer is not None,
        ),
    )

    certificates: Literal["cert-manager", "self-signed"] = setting(
        "`cert-manager` emits Certificates; with `self-signed` the operator issues them itself.",
        default="self-signed",
    )
    issuer: Issuer | None = setting("Who signs, with cert-manager.", default=None, default_words="none")


@dataclass(frozen=True, kw_only=True)
class ServiceMesh:
    """Istio."""

    enabled: bool = setting("Whether the region has Istio and uses it.", default=False)
    gateway: str = setting(
        "`istio` label of the ingress gateway's pods.", default="ingressgateway", pattern=DNS_LABEL
    )
    gateway_secret: str = setting(
        "TLS Secret of the public host, in the gateway's namespace.",
        default="novacron-api-public-tls",
        pattern=DNS_NAME,
    )


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """An object store bucket."""

    name: str = setting("Bucket name.", pattern=BUCKET)
    region: str = setting("Region of the bucket, in the provider's spelling.", pattern=DNS_LABEL)
    account: str | None = setting(
        "Storage account that holds the bucket, on Azure.",
        default=None,
        pattern=AZURE_ACCOUNT,
        default_words="none",
    )


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Another region's cross-region backups, which this region can restore but never writes."""

    region: str = setting("Name of the other region.", pattern=REGION_NAME)
    provider: Provider = setting("Who runs the other region's machines.")
    bucket: Bucket = setting("Where they lie.")


@dataclass(frozen=True, kw_only=True)
class Backup:
    """Velero."""

    RULES: ClassVar[tuple[Rule[Backup], ...]] = (
        Rule(
            path=("bucket",),
            message="an enabled backup needs bucket.name and bucket.region",
            cel="!self.enabled || has(self.bucket)",
            holds=lambda backup: not backup.enabled or backup.bucket is not None,
        ),
    )

    enabled: bool = setting("Whether Velero backs the region up.", default=False)
    bucket: Bucket | None = setting("Where hourly and daily backups go.", default=None, default_words="none")
    cross_region: Bucket | None = setting(
        "Where the cross-region backup goes: a bucket far from the region.",
        default=None,
        default_words="none",
    )


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """What the region's monitoring stack offers."""

    prometheus: bool = setting("Whether the Prometheus Operator runs in the region.", default=False)


@dataclass(frozen=True, kw_only=True)
class Network:
    """Networks around the cluster, for network policies."""

    kube_api_cidrs: tuple[str, ...] = setting(
        "Where the API server answers.", default=("0.0.0.0/0",), pattern=CIDR, min_items=1
    )
    dwcp_cidrs: tuple[str, ...] = setting(
        "Networks that this region's agents connect from, as other regions see them.",
        default=(),
        pattern=CIDR,
        default_words="any",
    )
    dwcp_endpoint: str | None = setting(
        "host:port at which other regions reach this region's DWCP gateway.",
        default=None,
        pattern=ENDPOINT,
        default_words="none: no other region sends to this one",
    )
