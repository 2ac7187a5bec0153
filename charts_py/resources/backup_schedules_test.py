from dataclasses import replace
from typing import Any

import pytest

from charts_py.contract import names
from charts_py.contract.platform import Backup, Bucket
from charts_py.contract.region import Region
from charts_py.resources import backup, backup_locations, backup_schedules
from charts_py.resources.backup_schedules import CROSS_REGION, DAILY, HOURLY

BUCKET = Bucket(name="backups", region="us-east-1")
REGION = Region(
    environment="lab",
    name="lab-1",
    cluster="lab-1",
    version="3.0.0",
    provider="aws",
    backup=Backup(enabled=True, bucket=BUCKET, cross_region=BUCKET),
)
PLANS = (HOURLY, DAILY, CROSS_REGION)


def schedules(region: Region) -> dict[str, dict[str, Any]]:
    return {obj["metadata"]["name"]: obj["spec"] for obj in backup_schedules.manifests(region)}


def test_a_region_without_backup_has_nothing_of_velero() -> None:
    assert backup.manifests(replace(REGION, backup=Backup())) == []


def test_backups_are_kept_for_a_week_a_month_and_a_quarter() -> None:
    kept = {name: spec["template"]["ttl"] for name, spec in schedules(REGION).items()}
    assert kept == {
        names.HOURLY_BACKUP: "168h0m0s",
        names.DAILY_BACKUP: "720h0m0s",
        names.CROSS_REGION_BACKUP: "2160h0m0s",
    }


def test_the_first_region_runs_hourly_on_the_hour_and_the_others_at_the_guides_hours() -> None:
    assert [backup_schedules.cron(plan, 0) for plan in PLANS] == ["0 * * * *", "20 2 * * *", "40 3 * * *"]


@pytest.mark.parametrize("position", range(60))
def test_schedules_of_one_region_never_start_in_the_same_minute(position: int) -> None:
    assert len({backup_schedules.cron(plan, position).split()[0] for plan in PLANS}) == len(PLANS)


def test_sixty_regions_copy_at_sixty_different_minutes() -> None:
    assert len({backup_schedules.cron(CROSS_REGION, position) for position in range(60)}) == 60


def test_every_schedule_writes_to_a_location_that_the_region_has() -> None:
    locations = {
        obj["metadata"]["name"]
        for obj in backup_locations.manifests(REGION)
        if obj["kind"] == "BackupStorageLocation" and obj["spec"]["accessMode"] == "ReadWrite"
    }
    assert {spec["template"]["storageLocation"] for spec in schedules(REGION).values()} == locations


def test_without_a_far_bucket_there_is_no_cross_region_schedule() -> None:
    near = replace(REGION, backup=Backup(enabled=True, bucket=BUCKET))
    assert set(schedules(near)) == {names.HOURLY_BACKUP, names.DAILY_BACKUP}


def test_consensus_is_snapshotted_before_its_volumes_and_a_failure_shows() -> None:
    for spec in schedules(REGION).values():
        (hook,) = spec["template"]["hooks"]["resources"]
        assert hook["labelSelector"]["matchLabels"] == {"app": "novacron-consensus"}
        (step,) = hook["pre"]
        assert step["exec"]["command"] == ["dwcp-runtime", "consensus", "snapshot"]
        assert step["exec"]["onError"] == "Fail"


def test_snapshots_leave_the_region_with_the_backup() -> None:
    assert all(spec["template"]["snapshotMoveData"] is True for spec in schedules(REGION).values())


def test_scratch_space_is_never_copied_whatever_the_servers_default() -> None:
    assert all(spec["template"]["defaultVolumesToFsBackup"] is False for spec in schedules(REGION).values())


def test_backups_outlive_the_schedule_that_made_them() -> None:
    assert all(spec["useOwnerReferencesInBackup"] is False for spec in schedules(REGION).values())
