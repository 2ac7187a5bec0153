from dataclasses import replace
from typing import Any

from charts_py.contract.platform import Backup, Bucket, Copies
from charts_py.contract.region import Region
from charts_py.resources import backup_locations

OWN = Bucket(name="backups-here", region="us-east-1")
FAR = Bucket(name="backups-far", region="eu-west-1")
THEIRS = Bucket(name="backups-theirs", region="us-east-1")
REGION = Region(
    environment="lab",
    name="lab-1",
    cluster="lab-1",
    version="3.0.0",
    provider="aws",
    backup=Backup(enabled=True, bucket=OWN, cross_region=FAR),
    copies=(Copies(region="lab-2", provider="aws", bucket=THEIRS),),
)


def specs(region: Region) -> dict[tuple[str, str], dict[str, Any]]:
    return {(obj["kind"], obj["metadata"]["name"]): obj["spec"] for obj in backup_locations.manifests(region)}


def test_exactly_the_regions_own_bucket_is_the_default() -> None:
    found = specs(REGION)
    assert [name for (_, name), spec in found.items() if spec.get("default")] == ["novacron"]
    assert found[("BackupStorageLocation", "novacron")]["objectStorage"]["bucket"] == "backups-here"


def test_a_region_writes_to_its_own_locations_and_only_reads_the_others() -> None:
    access = {name: spec["accessMode"] for (_, name), spec in specs(REGION).items() if "accessMode" in spec}
    assert access == {
        "novacron": "ReadWrite",
        "novacron-cross-region": "ReadWrite",
        "novacron-of-lab-2": "ReadOnly",
    }


def test_a_region_looks_for_anothers_copies_where_the_other_writes_them() -> None:
    other = replace(REGION, name="lab-2", backup=Backup(enabled=True, bucket=OWN, cross_region=THEIRS))
    written = specs(other)[("BackupStorageLocation", "novacron-cross-region")]["objectStorage"]
    read = specs(REGION)[("BackupStorageLocation", "novacron-of-lab-2")]["objectStorage"]
    assert read == written


def test_two_clusters_never_share_a_prefix() -> None:
    other = replace(REGION, environment="staging")
    assert specs(REGION) != specs(other)
    for spec in specs(other).values():
        assert spec.get("objectStorage", {"prefix": "staging/"})["prefix"].startswith("staging/")


def test_the_store_and_its_settings_follow_the_provider() -> None:
    key = ("BackupStorageLocation", "novacron")
    assert specs(REGION)[key]["config"] == {"region": "us-east-1"}
    google = specs(replace(REGION, provider="gcp"))[key]
    assert google["provider"] == "gcp"
    assert "config" not in google
    account = replace(REGION.backup, bucket=replace(OWN, account="novacron"))
    azure = specs(replace(REGION, provider="azure", backup=account))[key]
    assert azure["config"]["storageAccount"] == "novacron"
    assert specs(replace(REGION, provider="none"))[key]["provider"] == "aws"


def test_outside_a_cloud_there_is_no_snapshot_location() -> None:
    assert backup_locations.snapshot_locations(replace(REGION, provider="none")) == []
    assert backup_locations.snapshot_locations(REGION) == ["novacron"]
