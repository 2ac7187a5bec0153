"""A region as every component sees it: all defaults and overrides merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from charts_py.contract.cluster_region import ClusterRegion
from charts_py.contract.dwcp import Dwcp, Peer
from charts_py.contract.images import Images
from charts_py.contract.patterns import DNS_LABEL, DNS_NAME, REGION_NAME, SEMVER
from charts_py.contract.platform import (
    Backup,
    Bucket,
    Copies,
    Monitoring,
    Network,
    Provider,
    Security,
    ServiceMesh,
)
from charts_py.contract.setting import Rule, setting
from charts_py.contract.workloads import Agent, Api, Consensus

KubernetesVersion = Literal["1.35", "1.36", "1.37"]


def _azure_rule(key: str, bucket: Callable[[Backup], Bucket | None]) -> Rule[RegionSettings]:
    """On Azure a bucket is a container, which is found through its storage account."""

    def holds(settings: RegionSettings) -> bool:
        found = bucket(settings.backup)
        return settings.provider != "azure" or found is None or found.account is not None

    return Rule(
        path=("backup", key, "account"),
        message=f"on azure, backup.{key} needs account, the storage account that holds it",
        cel="!has(self.provider) || self.provider != 'azure' || !has(self.backup) "
        f"|| !has(self.backup.{key}) || has(self.backup.{key}.account)",
        holds=holds,
    )


@dataclass(frozen=True, kw_only=True)
class RegionSettings:
    """What `defaults` may set for all regions and a region may override."""

    RULES: ClassVar[tuple[Rule[Any], ...]] = (
        _azure_rule("bucket", lambda backup: backup.bucket),
        _azure_rule("crossRegion", lambda backup: backup.cross_region),
    )

    kubernetes: KubernetesVersion = setting("Kubernetes minor version of the cluster.", default="1.37")
    provider: Provider = setting("Who runs the cluster's machines.", default="none")
    api: Api = setting("The API server.", default_factory=Api)
    consensus: Consensus = setting("The consensus members' pods.", default_factory=Consensus)
    agent: Agent = setting("The DWCP agents' pods.", default_factory=Agent)
    dwcp: Dwcp = setting("DWCP.", default_factory=Dwcp)
    security: Security = setting("Certificates.", default_factory=Security)
    service_mesh: ServiceMesh = setting("Istio.", default_factory=ServiceMesh)
    backup: Backup = setting("Velero.", default_factory=Backup)
    monitoring: Monitoring = setting("Prometheus.", default_factory=Monitoring)
    network: Network = setting("Networks around the cluster.", default_factory=Network)


@dataclass(frozen=True, kw_only=True)
class FleetRegion(RegionSettings):
    """One entry of `regions` in a fleet file."""

    name: str = setting("Name of the region.", pattern=REGION_NAME)
    cluster: str | None = setting(
        "Name of the region's cluster in Argo CD.",
        default=None,
        pattern=DNS_NAME,
        default_words="the region's name",
    )


@dataclass(frozen=True, kw_only=True)
class Region(RegionSettings):
    """The input of every component: one region, complete, with what it must know of the others."""

    environment: str = setting("Environment the region belongs to.", pattern=DNS_LABEL)
    name: str = setting("Name of the region.", pattern=REGION_NAME)
    cluster: str = setting("Name of the region's cluster in Argo CD.", pattern=DNS_NAME)
    version: str = setting("Platform version.", pattern=SEMVER)
    images: Images = setting("Images.", default_factory=Images)
    peers: tuple[Peer, ...] = setting("The other regions that this one exchanges data with.", default=())
    copies: tuple[Copies, ...] = setting("The other regions' cross-region backups.", default=())
    position: int = setting("Place of the region in the fleet file, from 0.", default=0, minimum=0)
    members: tuple[ClusterRegion, ...] = setting(
        "Every region of the environment, if this is its home; else none. Only the home region's cluster "
        "holds the NovaCronCluster: elsewhere it would change whenever any one region changes.",
        default=(),
    )

    @property
    def path(self) -> str:
        """`<environment>/<region>`: where the region's tree lies and how findings name it."""
        return f"{self.environment}/{self.name}"

    def image(self, image: str) -> str:
        """The full reference of one of the platform's images."""
        return self.images.reference(image, self.version)
