"""A region's charts: one per part, each component one line."""

from __future__ import annotations

from typing import ClassVar, Final

import cdk8s
import constructs

from charts_py.charts.api import Api
from charts_py.charts.component import Component
from charts_py.charts.consensus import Consensus
from charts_py.charts.dwcp import Dwcp
from charts_py.contract.region import Region
from charts_py.resources import (
    backup,
    mesh,
    monitoring,
    namespaces,
    network_policies,
    operator,
    priority_classes,
    storage_classes,
)


class RegionChart(cdk8s.Chart):
    """One part of a region. No namespace and no labels of its own: both come from the manifests."""

    PART: ClassVar[str]

    def __init__(self, scope: constructs.Construct, region: Region) -> None:
        super().__init__(scope, f"{region.name}-{self.PART}", disable_resource_name_hashes=True)
        self.region = region


class CoreChart(RegionChart):
    """What the region's cluster needs to run NovaCron, and the control plane itself."""

    PART = "core"

    def __init__(self, scope: constructs.Construct, region: Region) -> None:
        super().__init__(scope, region)
        Component(self, "namespaces", region=region, resources=namespaces.manifests)
        Component(self, "priority-classes", region=region, resources=priority_classes.manifests)
        Component(self, "storage-classes", region=region, resources=storage_classes.manifests)
        Component(self, "network-policies", region=region, resources=network_policies.manifests)
        Component(self, "operator", region=region, resources=operator.manifests)
        self.api = Api(self, "api", region=region)
        self.consensus = Consensus(self, "consensus", region=region)
        Component(self, "mesh", region=region, resources=mesh.manifests)
        Component(self, "backup", region=region, resources=backup.manifests)


class DwcpChart(RegionChart):
    """The network agents, which are rolled out on their own."""

    PART = "dwcp"

    def __init__(self, scope: constructs.Construct, region: Region) -> None:
        super().__init__(scope, region)
        self.dwcp = Dwcp(self, "dwcp", region=region)


class MonitoringChart(RegionChart):
    """What Prometheus scrapes and what it warns of."""

    PART = "monitoring"

    def __init__(self, scope: constructs.Construct, region: Region) -> None:
        super().__init__(scope, region)
        Component(self, "monitoring", region=region, resources=monitoring.manifests)


PARTS: Final[tuple[type[RegionChart], ...]] = (CoreChart, DwcpChart, MonitoringChart)
"""The charts of a region in the order in which they are delivered."""


def region_charts(region: Region) -> list[RegionChart]:
    """Every chart of a region, in an app of its own.

    cdk8s validates the whole app for each chart it renders: 100 regions in one app take longer than in 100.
    """
    app = cdk8s.App()
    return [chart(app, region) for chart in PARTS]
