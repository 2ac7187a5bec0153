import pytest

from charts_py.tree.checks.baseline import Baseline
from charts_py.tree.checks.references_backup import start_times

HOURLY = "Schedule.velero.io velero/novacron-hourly-backup"


def test_a_storage_location_exists(tree: Baseline) -> None:
    tree.get("Schedule", "novacron-hourly-backup")["spec"]["template"]["storageLocation"] = "far"
    tree.breaks("backup-location-missing", HOURLY, "spec.template.storageLocation")


def test_a_snapshot_location_exists(tree: Baseline) -> None:
    tree.get("Schedule", "novacron-hourly-backup")["spec"]["template"]["volumeSnapshotLocations"] = ["far"]
    tree.breaks("backup-location-missing", HOURLY, "spec.template.volumeSnapshotLocations[0]")


def test_an_included_namespace_exists(tree: Baseline) -> None:
    tree.get("Schedule", "novacron-hourly-backup")["spec"]["template"]["includedNamespaces"] = [
        "novacron",
        "x",
    ]
    tree.breaks("backup-namespace-missing", HOURLY, "spec.template.includedNamespaces[1]")


def test_a_backup_selects_objects(tree: Baseline) -> None:
    template = tree.get("Schedule", "novacron-hourly-backup")["spec"]["template"]
    template["labelSelector"] = {"matchLabels": {"app": "gone"}}
    tree.breaks("backup-selects-nothing", HOURLY, "spec.template.labelSelector")


def test_a_hook_selects_pods(tree: Baseline) -> None:
    hook = tree.get("Schedule", "novacron-hourly-backup")["spec"]["template"]["hooks"]["resources"][0]
    hook["labelSelector"] = {"matchLabels": {"app": "etcd"}}
    tree.breaks("backup-hook-selects-nothing", HOURLY, "spec.template.hooks.resources[0].labelSelector")


def test_a_hook_runs_in_a_container_of_its_pods(tree: Baseline) -> None:
    hook = tree.get("Schedule", "novacron-hourly-backup")["spec"]["template"]["hooks"]["resources"][0]
    hook["pre"][0]["exec"]["container"] = "etcd"
    field = "spec.template.hooks.resources[0].pre[0].exec.container"
    tree.breaks("backup-hook-container-missing", HOURLY, field)


def test_a_locations_credential_exists(tree: Baseline) -> None:
    tree.get("BackupStorageLocation", "default")["spec"]["credential"]["name"] = "gone"
    location = "BackupStorageLocation.velero.io velero/default"
    tree.breaks("backup-credential-missing", location, "spec.credential.name")


def test_two_schedules_never_start_in_the_same_minute(tree: Baseline) -> None:
    tree.get("Schedule", "novacron-daily-full-backup")["spec"]["schedule"] = "5 2 * * *"
    daily = "Schedule.velero.io velero/novacron-daily-full-backup"
    finding = tree.breaks("backup-minutes-collide", daily, "spec.schedule")
    assert "02:05" in finding.message


@pytest.mark.parametrize(
    ("schedule", "starts"),
    [
        ("0 2 * * *", {(2, 0)}),
        ("*/30 1,3 * * *", {(1, 0), (1, 30), (3, 0), (3, 30)}),
        ("10-12 5 * * 1", {(5, 10), (5, 11), (5, 12)}),
        ("58/1 0 * * *", {(0, 58), (0, 59)}),
        ("@hourly", set()),
        ("0/0 2 * * *", set()),
        ("a 2 * * *", set()),
    ],
)
def test_a_cron_schedule_gives_its_start_times(schedule: str, starts: set[tuple[int, int]]) -> None:
    assert start_times(schedule) == starts
