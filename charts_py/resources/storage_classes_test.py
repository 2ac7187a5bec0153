from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from charts_py.contract.dwcp import Dwcp
from charts_py.contract.platform import Backup, Bucket, Provider
from charts_py.contract.region import Region
from charts_py.contract.workloads import Agent, AgentVolume, Consensus, Volume
from charts_py.resources import storage_classes

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")
CLOUDS = sorted(set(get_args(Provider)) - {"none"})


@pytest.mark.parametrize("provider", CLOUDS)
def test_consensus_volumes_survive_their_claim_and_can_grow(provider: Provider):
    (made,) = storage_classes.manifests(replace(LAB, provider=provider))
    assert made["metadata"]["name"] == storage_classes.consensus_class(replace(LAB, provider=provider))
    assert made["reclaimPolicy"] == "Retain"
    assert made["allowVolumeExpansion"] is True
    assert made["volumeBindingMode"] == "WaitForFirstConsumer"
    assert ".csi." in made["provisioner"]


def test_disks_on_aws_are_encrypted():
    (made,) = storage_classes.manifests(replace(LAB, provider="aws"))
    assert made["parameters"]["encrypted"] == "true"


def test_without_a_provider_the_cluster_default_is_used_and_nothing_is_made():
    assert storage_classes.manifests(LAB) == []
    assert storage_classes.consensus_class(LAB) is None


def test_a_class_that_the_user_names_is_used_and_ours_is_not_made():
    named = Consensus(volume=Volume(storage_class="fast"))
    region = replace(LAB, provider="aws", consensus=named)
    assert storage_classes.consensus_class(region) == "fast"
    assert storage_classes.manifests(region) == []
    assert [external.name for external in storage_classes.externals(region)] == ["fast"]


def test_the_class_of_the_agents_volumes_is_declared_once_and_only_where_there_are_agents():
    named = Agent(volume=AgentVolume(size="5Gi", storage_class="fast"))
    region = replace(LAB, agent=named, consensus=Consensus(volume=Volume(storage_class="fast")))
    assert [external.name for external in storage_classes.externals(region)] == ["fast"]
    assert storage_classes.externals(replace(LAB, agent=named, dwcp=Dwcp(enabled=False))) == ()


def test_a_backup_gets_a_snapshot_class_that_velero_finds():
    backup = Backup(enabled=True, bucket=Bucket(name="b-1", region="us-east-1"))
    kinds = {
        each["kind"]: each for each in storage_classes.manifests(replace(LAB, provider="aws", backup=backup))
    }
    snapshots = kinds["VolumeSnapshotClass"]
    assert snapshots["metadata"]["labels"]["velero.io/csi-volumesnapshot-class"] == "true"
    assert snapshots["driver"] == kinds["StorageClass"]["provisioner"]
