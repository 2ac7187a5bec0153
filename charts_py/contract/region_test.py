from dataclasses import replace

import pytest

from charts_py.contract.load import broken_rules
from charts_py.contract.platform import Backup, Bucket
from charts_py.contract.region import RegionSettings

BUCKET = Bucket(name="backups", region="westeurope")
WITH = replace(BUCKET, account="novacron")


@pytest.mark.parametrize(
    ("backup", "key"),
    [
        (Backup(enabled=True, bucket=BUCKET, cross_region=WITH), "bucket"),
        (Backup(enabled=True, bucket=WITH, cross_region=BUCKET), "crossRegion"),
    ],
)
def test_a_bucket_on_azure_needs_its_storage_account(backup: Backup, key: str) -> None:
    (broken,) = broken_rules(RegionSettings(provider="azure", backup=backup))
    assert broken.path == ("backup", key, "account")
    assert list(broken_rules(RegionSettings(provider="aws", backup=backup))) == []


def test_a_bucket_on_azure_with_its_storage_account_is_fine() -> None:
    backup = Backup(enabled=True, bucket=WITH, cross_region=WITH)
    assert list(broken_rules(RegionSettings(provider="azure", backup=backup))) == []
