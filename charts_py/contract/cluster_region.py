"""A region as the NovaCronCluster object lists it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from charts_py.contract.compute import Resources
from charts_py.contract.dwcp import Acp
from charts_py.contract.patterns import REGION_NAME
from charts_py.contract.setting import Rule, setting

MAX_REGIONS: Final = 128
"""Bound of every list of regions: CEL rules inside a list need one to stay within the API server's budget."""


@dataclass(frozen=True, kw_only=True)
class ClusterRegion:
    """A region of a NovaCronCluster."""

    RULES: ClassVar[tuple[Rule[ClusterRegion], ...]] = (
        Rule(
            path=("minReplicas",),
            message="minReplicas must not exceed maxReplicas",
            cel="!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
            holds=lambda region: (
                region.min_replicas is None
                or region.max_replicas is None
                or region.min_replicas <= region.max_replicas
            ),
        ),
        Rule(
            path=("replicas",),
            message="replicas is an older spelling of minReplicas: give one of the two",
            cel="!(has(self.replicas) && has(self.minReplicas))",
            holds=lambda region: region.replicas is None or region.min_replicas is None,
        ),
    )

    name: str = setting("Name of the region.", pattern=REGION_NAME, max_length=31)
    replicas: int | None = setting(
        "Fewest API pods; the autoscaler decides above it.", default=None, minimum=1, maximum=100
    )
    min_replicas: int | None = setting("Fewest API pods.", default=None, minimum=1, maximum=100)
    max_replicas: int | None = setting("Most API pods.", default=None, minimum=1, maximum=100)
    resources: Resources | None = setting("Of each API pod.", default=None)
    acp: Acp | None = setting("Consensus of this region.", default=None, default_words="spec.dwcp.acp")
