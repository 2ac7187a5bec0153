"""One fleet file: an environment and its regions."""

from __future__ import annotations

from dataclasses import dataclass

from charts_py.contract.cluster_region import MAX_REGIONS
from charts_py.contract.delivery import ArgoCd
from charts_py.contract.images import Images
from charts_py.contract.patterns import DATE, REGION_NAME, RULE_ID, SEMVER
from charts_py.contract.region import FleetRegion, Region, RegionSettings
from charts_py.contract.setting import setting


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A finding that is accepted for a while."""

    rule: str = setting("Id of the rule, as the finding prints it.", pattern=RULE_ID)
    object: str = setting(
        "The object, as the finding prints it: `Kind.group namespace/name`.", max_length=600
    )
    reason: str = setting("Why it is accepted.", max_length=400)
    expires: str = setting("Last day on which it holds, as YYYY-MM-DD.", pattern=DATE)


@dataclass(frozen=True, kw_only=True)
class FleetFile:
    """A fleet file: everything that users edit of one environment."""

    environment: str = setting("Name of the environment, the same as the file's.", pattern=REGION_NAME)
    version: str = setting("Platform version; the tag of every image that isn't pinned.", pattern=SEMVER)
    images: Images = setting("Images.", default_factory=Images)
    argocd: ArgoCd = setting("Delivery.", default_factory=ArgoCd)
    home: str | None = setting(
        "Region whose cluster holds the NovaCronCluster object.",
        default=None,
        pattern=REGION_NAME,
        default_words="the first region",
    )
    defaults: RegionSettings = setting("Settings of every region.", default_factory=RegionSettings)
    regions: tuple[FleetRegion, ...] = setting(
        "The regions, in the order of a roll-out.", min_items=1, max_items=MAX_REGIONS
    )
    waivers: tuple[Waiver, ...] = setting("Findings accepted for a while.", default=())


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment after merging: what the charts are built from."""

    name: str
    version: str
    argocd: ArgoCd
    regions: tuple[Region, ...]
    waivers: tuple[Waiver, ...] = ()
