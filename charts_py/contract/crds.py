"""The three custom resources of `novacron.io/v1`: what users write in `spec`, as settings classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from charts_py.contract.cluster_region import MAX_REGIONS, ClusterRegion
from charts_py.contract.dwcp import Dwcp, Peer
from charts_py.contract.patterns import REGION_NAME, SEMVER
from charts_py.contract.region import RegionSettings
from charts_py.contract.setting import Rule, setting

Management = Literal["GitOps", "Operator"]


@dataclass(frozen=True, kw_only=True)
class ClusterMonitoring:
    """Which observability add-ons the operator should look for."""

    prometheus: bool = setting("Prometheus.", default=False)
    grafana: bool = setting("Grafana.", default=False)
    jaeger: bool = setting("Jaeger.", default=False)


@dataclass(frozen=True, kw_only=True)
class ClusterMesh:
    """Service mesh."""

    enabled: bool = setting("Whether the clusters have Istio.", default=False)


@dataclass(frozen=True, kw_only=True)
class NovaCronClusterSpec:
    """A platform of one or more regions."""

    version: str = setting("Platform version.", pattern=SEMVER, max_length=64)
    management: Management = setting(
        "Who owns the children: `Operator` applies them, `GitOps` leaves them to Argo CD and observes.",
        default="Operator",
    )
    regions: tuple[ClusterRegion, ...] = setting(
        "The regions.", min_items=1, max_items=MAX_REGIONS, list_key="name"
    )
    dwcp: Dwcp = setting("DWCP.", default_factory=Dwcp)
    monitoring: ClusterMonitoring = setting("Observability.", default_factory=ClusterMonitoring)
    service_mesh: ClusterMesh = setting("Service mesh.", default_factory=ClusterMesh)


@dataclass(frozen=True, kw_only=True)
class NovaCronRegionSpec(RegionSettings):
    """One region with every setting in effect."""

    RULES: ClassVar[tuple[Rule[Any], ...]] = (
        Rule(
            path=("region",),
            message="a region keeps its name: make a new NovaCronRegion instead",
            cel="self.region == oldSelf.region",
            holds=lambda _: True,
        ),
    )

    region: str = setting("Name of the region; it can't be changed.", pattern=REGION_NAME, max_length=31)
    cluster: str = setting("NovaCronCluster that the region belongs to.", pattern=REGION_NAME, max_length=31)
    version: str = setting("Platform version.", pattern=SEMVER, max_length=64)
    management: Management = setting("As in NovaCronCluster.", default="Operator")


@dataclass(frozen=True, kw_only=True)
class DWCPFederationSpec:
    """Regions that exchange data over DWCP."""

    peers: tuple[Peer, ...] = setting("The regions.", min_items=1, max_items=MAX_REGIONS, list_key="region")
