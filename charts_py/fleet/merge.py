"""The one place where defaults and a region's own settings become the region that components see."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from charts_py.contract.cluster_region import ClusterRegion
from charts_py.contract.delivery import ArgoCd
from charts_py.contract.dwcp import Peer
from charts_py.contract.environment import Environment, Waiver
from charts_py.contract.images import Images
from charts_py.contract.load import load
from charts_py.contract.platform import Copies
from charts_py.contract.region import Region, RegionSettings
from charts_py.contract.setting import plain

OWN = ("name", "cluster")
"""Keys of a region that `defaults` cannot set."""


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` on top: mappings merge key by key, everything else, lists too, is replaced."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(value, Mapping):
            result[key] = merged(below if isinstance(below, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def merged_settings(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a region: the built-in defaults with each layer on top, the last one wins."""
    result = _built_in()
    for layer in layers:
        result = merged(result, {key: value for key, value in layer.items() if key not in OWN})
    return result


@cache
def _built_in() -> dict[str, Any]:
    defaults: dict[str, Any] = plain(RegionSettings())
    return defaults


def environment(data: Mapping[str, Any], settings: Sequence[RegionSettings]) -> Environment:
    """The environment of a valid fleet file. `settings` are those of its regions, in the file's order."""
    entries = data["regions"]
    images = load(Images, data.get("images", {}))
    peers = tuple(
        Peer(region=entry["name"], endpoint=own.network.dwcp_endpoint, cidrs=own.network.dwcp_cidrs)
        for entry, own in zip(entries, settings, strict=True)
        if own.dwcp.enabled and own.network.dwcp_endpoint is not None
    )
    members = tuple(
        ClusterRegion(
            name=entry["name"],
            min_replicas=own.api.min_replicas,
            max_replicas=own.api.max_replicas,
            resources=own.api.resources,
            acp=own.dwcp.acp,
        )
        for entry, own in zip(entries, settings, strict=True)
    )
    copies = tuple(
        Copies(region=entry["name"], provider=own.provider, bucket=own.backup.cross_region)
        for entry, own in zip(entries, settings, strict=True)
        if own.backup.enabled and own.backup.cross_region is not None
    )
    home = data.get("home", entries[0]["name"])
    regions = tuple(
        Region(
            **{field.name: getattr(own, field.name) for field in dataclasses.fields(RegionSettings)},
            environment=data["environment"],
            name=entry["name"],
            cluster=entry.get("cluster", entry["name"]),
            version=data["version"],
            images=images,
            peers=tuple(p for p in peers if p.region != entry["name"]) if own.dwcp.enabled else (),
            copies=tuple(c for c in copies if c.region != entry["name"]) if own.backup.enabled else (),
            position=position,
            members=members if entry["name"] == home else (),
        )
        for position, (entry, own) in enumerate(zip(entries, settings, strict=True))
    )
    return Environment(
        name=data["environment"],
        version=data["version"],
        argocd=load(ArgoCd, data.get("argocd", {})),
        regions=regions,
        waivers=tuple(load(Waiver, waiver) for waiver in data.get("waivers", ())),
    )
