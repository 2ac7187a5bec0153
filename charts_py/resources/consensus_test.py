from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from charts_py.contract.dwcp import CONSENSUS_SIZES, Acp, Dwcp, quorum
from charts_py.contract.manifest import Manifest
from charts_py.contract.platform import Issuer, Security, ServiceMesh
from charts_py.contract.region import Region
from charts_py.contract.workloads import Consensus, Volume
from charts_py.resources import consensus

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")
SIGNED = replace(LAB, security=Security(certificates="cert-manager", issuer=Issuer(name="novacron-ca")))


def sized(nodes: int, region: Region = LAB) -> Region:
    return replace(region, dwcp=Dwcp(acp=Acp(nodes=nodes)))


def all_of(kind: str, region: Region = LAB) -> list[Manifest]:
    return [each for each in consensus.manifests(region) if each["kind"] == kind]


def one(kind: str, region: Region = LAB) -> Manifest:
    (found,) = all_of(kind, region)
    return found


def pod(region: Region = LAB) -> dict[str, Any]:
    spec: dict[str, Any] = one("StatefulSet", region)["spec"]["template"]["spec"]
    return spec


def test_git_never_says_how_many_members_there_are():
    assert "replicas" not in one("StatefulSet")["spec"]
    assert all_of("HorizontalPodAutoscaler") == []


@pytest.mark.parametrize("present", range(1, max(CONSENSUS_SIZES) + 1))
def test_evictions_leave_a_quorum_of_the_members_that_are_there_also_while_they_grow(present: int):
    sizes = [size for size in CONSENSUS_SIZES if size > 1]
    (share,) = {one("PodDisruptionBudget", sized(size))["spec"]["minAvailable"] for size in sizes}
    assert math.ceil(present * int(share.removesuffix("%")) / 100) == quorum(present)


def test_a_single_member_blocks_no_drain():
    assert all_of("PodDisruptionBudget", sized(1)) == []


def test_members_find_each_other_before_any_is_ready():
    services = {each["metadata"]["name"]: each["spec"] for each in all_of("Service")}
    headless = services["novacron-consensus-headless"]
    assert headless["clusterIP"] == "None"
    assert headless["publishNotReadyAddresses"] is True
    assert one("StatefulSet")["spec"]["serviceName"] == "novacron-consensus-headless"
    assert one("StatefulSet")["spec"]["podManagementPolicy"] == "Parallel"


def test_no_host_carries_two_members_of_a_group():
    term = pod(sized(3))["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert "affinity" not in pod(sized(1))


def test_zones_bind_only_where_every_node_has_one():
    assert pod()["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "ScheduleAnyway"
    cloud = pod(replace(LAB, provider="aws"))
    assert cloud["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "DoNotSchedule"


def test_a_zone_without_usable_nodes_keeps_no_member_of_another_zone_from_coming_back():
    (constraint,) = pod(replace(LAB, provider="aws"))["topologySpreadConstraints"]
    assert constraint["nodeTaintsPolicy"] == "Honor"


def test_the_data_volume_outlives_pods_and_is_named_as_the_guide_says():
    stateful_set = one("StatefulSet", replace(LAB, consensus=Consensus(volume=Volume(size="1024Mi"))))
    (claim,) = stateful_set["spec"]["volumeClaimTemplates"]
    name = f"{claim['metadata']['name']}-{stateful_set['metadata']['name']}-0"
    assert name == "data-novacron-consensus-0"
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert set(stateful_set["spec"]["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}


def test_only_the_founding_lease_is_open_to_members():
    create, rest = one("Role")["rules"]
    assert (create["resources"], create["verbs"]) == (["leases"], ["create"])
    assert rest["resourceNames"] == ["novacron-consensus-founding"]
    assert "delete" not in rest["verbs"]


def test_a_certificate_is_ordered_exactly_where_the_operator_does_not_issue():
    certificate = one("Certificate", SIGNED)
    assert certificate["spec"]["secretName"] == "novacron-consensus-tls"
    assert {"server auth", "client auth"} <= set(certificate["spec"]["usages"])
    asks = "novacron.io/issue-certificate"
    assert asks not in one("StatefulSet", SIGNED)["metadata"]["annotations"]
    assert all_of("Certificate") == []
    assert one("StatefulSet")["metadata"]["annotations"][asks] == "novacron-consensus-tls"


def test_the_mesh_leaves_the_members_own_encryption_alone():
    template = one("StatefulSet", replace(LAB, service_mesh=ServiceMesh(enabled=True)))["spec"]["template"]
    excluded = template["metadata"]["annotations"]["traffic.sidecar.istio.io/excludeInboundPorts"].split(",")
    assert {"2379", "2380"} <= set(excluded)


def test_another_size_is_the_operators_work_and_changes_nothing_that_git_holds():
    assert consensus.manifests(sized(5)) == consensus.manifests(sized(7))
