"""Where backups lie: the region's own buckets, and those of other regions, to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from charts_py.contract import names
from charts_py.contract.manifest import Manifest
from charts_py.contract.platform import Bucket, Provider
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources.objects import manifest

API_VERSION: Final = "velero.io/v1"

_STORES: Final[Mapping[Provider, str]] = {"aws": "aws", "gcp": "gcp", "azure": "azure", "none": "aws"}
"""Velero's plugin for the object store. Machines outside a cloud store their backups in S3."""


def manifests(region: Region) -> list[Manifest]:
    """Locations to write to, snapshot locations, and the other regions' copies, to restore from.

    Velero shows every backup that it finds in a location: each cluster has a prefix of its own, so that no
    cluster takes another's backups for its own and lets them expire.
    """
    found: list[Manifest] = []
    backup = region.backup
    prefix = f"{region.environment}/{region.name}"
    if backup.bucket is not None:
        found.append(
            _storage(names.BACKUP_LOCATION, region.provider, backup.bucket, prefix, "ReadWrite", default=True)
        )
        found += _snapshots(region.provider, backup.bucket)
    if backup.cross_region is not None:
        found.append(
            _storage(names.CROSS_REGION_LOCATION, region.provider, backup.cross_region, prefix, "ReadWrite")
        )
    for copies in region.copies:
        theirs = f"{region.environment}/{copies.region}"
        name = names.copies_location(copies.region)
        found.append(_storage(name, copies.provider, copies.bucket, theirs, "ReadOnly"))
    return found


def snapshot_locations(region: Region) -> list[str]:
    """The names of the region's VolumeSnapshotLocations."""
    bucket = region.backup.bucket
    made = [] if bucket is None else _snapshots(region.provider, bucket)
    return [location["metadata"]["name"] for location in made]


def _storage(
    name: str, provider: Provider, bucket: Bucket, prefix: str, access: str, *, default: bool = False
) -> Manifest:
    spec: dict[str, Any] = {
        "provider": _STORES[provider],
        "objectStorage": {"bucket": bucket.name, "prefix": prefix},
        "accessMode": access,
    }
    if default:
        spec["default"] = True
    if _STORES[provider] == "aws":
        spec["config"] = {"region": bucket.region}
    elif provider == "azure" and bucket.account is not None:
        spec["config"] = {"storageAccount": bucket.account, "useAAD": "true"}
    return _object("BackupStorageLocation", name, spec)


def _snapshots(provider: Provider, bucket: Bucket) -> list[Manifest]:
    """For volumes that CSI can't snapshot; outside a cloud there is nobody to ask for those."""
    configs: dict[Provider, dict[str, str]] = {
        "aws": {"region": bucket.region},
        "gcp": {"snapshotLocation": bucket.region},
        "azure": {"incremental": "true"},
    }
    if provider not in configs:
        return []
    spec = {"provider": provider, "config": configs[provider]}
    return [_object("VolumeSnapshotLocation", names.BACKUP_LOCATION, spec)]


def _object(kind: str, name: str, spec: dict[str, Any]) -> Manifest:
    return manifest(
        API_VERSION,
        kind,
        name,
        app=names.PRODUCT,
        component="backup",
        wave=Wave.OPERATIONS,
        namespace=names.VELERO_NAMESPACE,
        spec=spec,
    )
