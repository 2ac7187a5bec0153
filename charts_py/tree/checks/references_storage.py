"""Volumes: the classes and claims that they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import mapping, mappings, text
from charts_py.tree.checks.view import ClusterView

STORAGE: Final = "storage.k8s.io"
SNAPSHOT: Final = "snapshot.storage.k8s.io"


def _claims(view: ClusterView) -> Iterator[tuple[ObjectId, str, Manifest]]:
    for identity, manifest in view.of("", "PersistentVolumeClaim"):
        yield identity, "spec", dict(mapping(manifest, "spec"))
    for identity, manifest in view.of("apps", "StatefulSet"):
        for index, template in mappings(manifest, "spec", "volumeClaimTemplates"):
            yield identity, f"spec.volumeClaimTemplates[{index}].spec", dict(mapping(template, "spec"))
    for pod in view.pods:
        for index, volume in mappings(pod.spec, "volumes"):
            spec = mapping(volume, "ephemeral", "volumeClaimTemplate", "spec")
            if spec:
                field = f"{pod.spec_field}.volumes[{index}].ephemeral.volumeClaimTemplate.spec"
                yield pod.owner, field, dict(spec)


@rule("storage-class-missing")
def storage_class_missing(view: ClusterView) -> Iterator[Problem]:
    """Every StorageClass that a claim names exists; a claim that names none takes the cluster's default."""
    for owner, field, spec in _claims(view):
        name = text(spec, "storageClassName")
        if name and not view.exists(STORAGE, "StorageClass", "", name):
            message = view.missing(STORAGE, "StorageClass", "", name)
            yield Problem(object=owner, field=f"{field}.storageClassName", message=message)


@rule("volume-attributes-class-missing")
def volume_attributes_class_missing(view: ClusterView) -> Iterator[Problem]:
    """Every VolumeAttributesClass that a claim names exists."""
    for owner, field, spec in _claims(view):
        name = text(spec, "volumeAttributesClassName")
        if name and not view.exists(STORAGE, "VolumeAttributesClass", "", name):
            message = view.missing(STORAGE, "VolumeAttributesClass", "", name)
            yield Problem(object=owner, field=f"{field}.volumeAttributesClassName", message=message)


@rule("persistent-volume-claim-missing")
def persistent_volume_claim_missing(view: ClusterView) -> Iterator[Problem]:
    """Every PersistentVolumeClaim that a pod mounts exists in its namespace."""
    for pod in view.pods:
        for index, volume in mappings(pod.spec, "volumes"):
            name = text(volume, "persistentVolumeClaim", "claimName")
            if name and not view.exists("", "PersistentVolumeClaim", pod.namespace, name):
                message = view.missing("", "PersistentVolumeClaim", pod.namespace, name)
                field = f"{pod.spec_field}.volumes[{index}].persistentVolumeClaim.claimName"
                yield Problem(object=pod.owner, field=field, message=message)


@rule("volume-snapshot-class-missing")
def volume_snapshot_class_missing(view: ClusterView) -> Iterator[Problem]:
    """Every VolumeSnapshotClass that a VolumeSnapshot names exists."""
    for identity, manifest in view.of(SNAPSHOT, "VolumeSnapshot"):
        name = text(manifest, "spec", "volumeSnapshotClassName")
        if name and not view.exists(SNAPSHOT, "VolumeSnapshotClass", "", name):
            message = view.missing(SNAPSHOT, "VolumeSnapshotClass", "", name)
            yield Problem(object=identity, field="spec.volumeSnapshotClassName", message=message)


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    storage_class_missing,
    volume_attributes_class_missing,
    persistent_volume_claim_missing,
    volume_snapshot_class_missing,
)
