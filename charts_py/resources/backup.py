"""Velero's objects of a region, where the fleet says that Velero backs it up."""

from __future__ import annotations

from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region
from charts_py.resources import backup_locations, backup_schedules


def manifests(region: Region) -> list[Manifest]:
    """All of them, or none without backup."""
    if not region.backup.enabled:
        return []
    return [*backup_locations.manifests(region), *backup_schedules.manifests(region)]
