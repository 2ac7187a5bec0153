from __future__ import annotations

from dataclasses import replace

from charts_py.contract.compute import compute
from charts_py.contract.dwcp import Dwcp, Networking
from charts_py.contract.manifest import Manifest
from charts_py.contract.platform import Monitoring, ServiceMesh
from charts_py.contract.quantity import canonical, parse
from charts_py.contract.region import Region
from charts_py.contract.workloads import Agent, Api, Consensus
from charts_py.resources import namespaces, sidecar

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")
HOST = replace(LAB, dwcp=Dwcp(networking=Networking(host_network=True)))


def made(region: Region = LAB) -> dict[tuple[str, str], Manifest]:
    return {
        (m["kind"], m["metadata"].get("namespace", m["metadata"]["name"])): m
        for m in namespaces.manifests(region)
    }


def test_both_namespaces_enforce_restricted_at_the_clusters_version():
    for name in ("novacron", "novacron-system"):
        labels = made(replace(LAB, kubernetes="1.36"))["Namespace", name]["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        assert labels["pod-security.kubernetes.io/enforce-version"] == "v1.36"


def test_host_mode_lowers_one_namespace_only_and_says_why_on_it():
    host = made(HOST)
    novacron, system = (host["Namespace", name]["metadata"] for name in ("novacron", "novacron-system"))
    assert novacron["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    assert novacron["labels"]["pod-security.kubernetes.io/warn"] == "restricted"
    assert "hostNetwork" in novacron["annotations"]["novacron.io/explanation"]
    assert system["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_whatever_lowers_the_level_delivers_its_replacement_with_it():
    kinds = {m["kind"] for m in namespaces.manifests(HOST)}
    assert {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"} <= kinds


def test_removing_a_namespace_takes_a_persons_consent():
    options = made()["Namespace", "novacron"]["metadata"]["annotations"]["argocd.argoproj.io/sync-options"]
    assert options == "Prune=confirm,Delete=confirm"


def test_the_quota_holds_every_workload_at_its_bound_during_an_update():
    region = replace(
        LAB,
        api=Api(max_replicas=9, resources=compute("2", "1Gi")),
        consensus=Consensus(resources=compute("1", "2Gi")),
        agent=Agent(max_nodes=5, resources=compute("500m", "512Mi")),
    )
    hard = made(region)["ResourceQuota", "novacron"]["spec"]["hard"]
    assert int(hard["pods"]) >= 10 + 11 + 5
    assert parse(hard["requests.cpu"]) >= parse(str(10 * 2 + 11 * 1 + 3))
    assert parse(hard["requests.memory"]).nano >= parse("34.5Gi").nano
    assert parse(hard["requests.cpu"]) <= parse("40")


def test_sidecars_count_where_there_is_a_mesh():
    meshed = replace(LAB, service_mesh=ServiceMesh(enabled=True))
    assert parse(namespaces.quota(meshed)["requests.cpu"]) > parse(namespaces.quota(LAB)["requests.cpu"])
    assert namespaces.quota(meshed)["pods"] == namespaces.quota(LAB)["pods"]
    annotations = sidecar.pod_annotations(meshed, "novacron-api")
    assert annotations["sidecar.istio.io/proxyCPU"] == sidecar.RESOURCES.requests.cpu


def test_every_amount_is_spelled_as_the_api_server_stores_it():
    for amount in namespaces.quota(LAB).values():
        assert amount == canonical(amount)


def test_a_container_that_says_nothing_still_passes_the_quota():
    (limit,) = made()["LimitRange", "novacron"]["spec"]["limits"]
    assert set(limit["defaultRequest"]) == {"cpu", "memory"}
    assert set(limit["default"]) == {"memory"}


def test_the_monitoring_namespace_is_ours_only_where_there_is_prometheus():
    assert ("Namespace", "monitoring") not in made()
    assert ("Namespace", "monitoring") in made(replace(LAB, monitoring=Monitoring(prometheus=True)))
