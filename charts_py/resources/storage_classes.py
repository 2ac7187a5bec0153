"""Where consensus keeps its data, and how volumes are snapshotted, by cloud provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from charts_py.contract import names
from charts_py.contract.external import External
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources.objects import manifest

VELERO_SNAPSHOT_CLASS: Final = "velero.io/csi-volumesnapshot-class"
"""The label by which Velero finds the VolumeSnapshotClass of a driver."""


@dataclass(frozen=True, kw_only=True)
class Driver:
    """A CSI driver and the parameters of its fast encrypted disks. All strings, as the API wants them."""

    provisioner: str
    parameters: dict[str, str] = field(default_factory=dict)


DRIVERS: Final = {
    "aws": Driver(provisioner="ebs.csi.aws.com", parameters={"type": "gp3", "encrypted": "true"}),
    "gcp": Driver(provisioner="pd.csi.storage.gke.io", parameters={"type": "pd-ssd"}),
    "azure": Driver(provisioner="disk.csi.azure.com", parameters={"skuName": "Premium_LRS"}),
}
"""EBS encrypts only when told to; Google and Azure disks are always encrypted at rest. SSDs throughout: every
commit waits for a disk flush."""


def consensus_class(region: Region) -> str | None:
    """The StorageClass of consensus volumes; None is the cluster's default."""
    if region.consensus.volume.storage_class is not None:
        return region.consensus.volume.storage_class
    return names.CONSENSUS_STORAGE_CLASS if region.provider in DRIVERS else None


def externals(region: Region) -> tuple[External, ...]:
    """The StorageClasses that the user named, which somebody else installs."""
    named = {region.consensus.volume.storage_class}
    if region.dwcp.enabled:
        named.add(region.agent.volume.storage_class)
    return tuple(
        External(
            group="storage.k8s.io", kind="StorageClass", namespace="", name=name, owner="the fleet's user"
        )
        for name in sorted(filter(None, named))
    )


def manifests(region: Region) -> list[Manifest]:
    """A StorageClass if consensus uses ours, and a VolumeSnapshotClass if the region is backed up."""
    driver = DRIVERS.get(region.provider)
    if driver is None:
        return []
    made = []
    if region.consensus.volume.storage_class is None:
        made.append(_storage_class(driver))
    if region.backup.enabled:
        made.append(_snapshot_class(driver))
    return made


def _storage_class(driver: Driver) -> Manifest:
    """Volumes are kept when their claim goes, grow while in use, and are made in the zone of their pod."""
    return manifest(
        "storage.k8s.io/v1",
        "StorageClass",
        names.CONSENSUS_STORAGE_CLASS,
        app=names.CONSENSUS,
        component="storage",
        wave=Wave.CLASSES,
        provisioner=driver.provisioner,
        parameters={**driver.parameters, "csi.storage.k8s.io/fstype": "ext4"},
        reclaimPolicy="Retain",
        volumeBindingMode="WaitForFirstConsumer",
        allowVolumeExpansion=True,
    )


def _snapshot_class(driver: Driver) -> Manifest:
    """Velero moves a snapshot's data into the object store and deletes the snapshot itself; until then it
    must not vanish with the VolumeSnapshot."""
    return manifest(
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshotClass",
        names.SNAPSHOT_CLASS,
        app=names.PRODUCT,
        component="backup",
        wave=Wave.CLASSES,
        labels={VELERO_SNAPSHOT_CLASS: "true"},
        driver=driver.provisioner,
        deletionPolicy="Retain",
    )
