"""Rules over a fleet file as a whole, and over all files of a fleet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from charts_py.contract.delivery import ArgoCd
from charts_py.contract.images import Images
from charts_py.contract.load import broken_rules, load
from charts_py.fleet.nearest import nearest
from charts_py.fleet.positions import Path
from charts_py.fleet.settings_rules import Finding


def file_findings(
    data: Mapping[str, Any],
    regions: Mapping[int, Mapping[str, Any]],
    waivers: Mapping[int, Mapping[str, Any]],
    stem: str,
) -> Iterator[Finding]:
    """What is wrong with a file beside its regions' settings.

    data: what is sound of the file. regions, waivers: what is sound of each entry of
    those lists, by position. stem: the file's name without `.yaml`.
    """
    if data.get("environment", stem) != stem:
        yield Finding(("environment",), f"must be the file's name, {stem}; rename one of them")
    for key, cls in (("images", Images), ("argocd", ArgoCd)):
        if key in data:
            for broken in broken_rules(load(cls, data[key])):
                yield Finding((key, *broken.path), broken.message, spans=(key, *broken.path[:-1]))
    yield from _repeated(regions)
    names = [region["name"] for region in regions.values() if "name" in region]
    home = data.get("home")
    if home is not None and len(names) == len(regions) > 0 and home not in names:
        yield Finding(("home",), f"no such region; the file has {', '.join(names)}", nearest(home, names))
    for position, waiver in waivers.items():
        if "expires" in waiver and not _is_date(waiver["expires"]):
            yield Finding(("waivers", position, "expires"), "no such day in the calendar")


def cluster_of(region: Mapping[str, Any]) -> str | None:
    """The cluster of an entry of `regions`; None where neither it nor the name is sound."""
    cluster: str | None = region.get("cluster", region.get("name"))
    return cluster


def _repeated(regions: Mapping[int, Mapping[str, Any]]) -> Iterator[Finding]:
    names: dict[str, int] = {}
    clusters: dict[str, int] = {}
    endpoints: dict[str, int] = {}
    for position, region in regions.items():
        here: Path = ("regions", position)
        name, cluster = region.get("name"), cluster_of(region)
        endpoint = region.get("network", {}).get("dwcpEndpoint")
        if name is not None and names.setdefault(name, position) != position:
            yield Finding((*here, "name"), f"regions[{names[name]}] has this name already")
        elif cluster is not None and clusters.setdefault(cluster, position) != position:
            yield Finding(
                (*here, "cluster"),
                f"regions[{clusters[cluster]}] is in cluster {cluster} already; a region is a cluster",
            )
        if endpoint is not None and endpoints.setdefault(endpoint, position) != position:
            yield Finding(
                (*here, "network", "dwcpEndpoint"), f"regions[{endpoints[endpoint]}] answers at it already"
            )


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
