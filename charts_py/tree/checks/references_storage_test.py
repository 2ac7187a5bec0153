from charts_py.tree.checks.baseline import Baseline

VOTERS = "StatefulSet.apps novacron/novacron-consensus"


def test_a_storage_class_exists(tree: Baseline) -> None:
    tree.remove("StorageClass", "fast")
    field = "spec.volumeClaimTemplates[0].spec.storageClassName"
    tree.breaks("storage-class-missing", VOTERS, field)


def test_a_volume_attributes_class_exists(tree: Baseline) -> None:
    spec = tree.get("StatefulSet", "novacron-consensus")["spec"]["volumeClaimTemplates"][0]["spec"]
    spec["volumeAttributesClassName"] = "silver"
    field = "spec.volumeClaimTemplates[0].spec.volumeAttributesClassName"
    tree.breaks("volume-attributes-class-missing", VOTERS, field)


def test_a_claim_that_a_pod_mounts_exists(tree: Baseline) -> None:
    tree.remove("PersistentVolumeClaim", "scratch")
    field = "spec.template.spec.volumes[0].persistentVolumeClaim.claimName"
    tree.breaks("persistent-volume-claim-missing", VOTERS, field)


def test_a_volume_snapshot_class_exists(tree: Baseline) -> None:
    tree.get("VolumeSnapshot", "before")["spec"]["volumeSnapshotClassName"] = "other"
    snapshot = "VolumeSnapshot.snapshot.storage.k8s.io novacron/before"
    tree.breaks("volume-snapshot-class-missing", snapshot, "spec.volumeSnapshotClassName")
