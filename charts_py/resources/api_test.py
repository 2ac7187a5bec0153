from __future__ import annotations

from dataclasses import replace
from typing import Any

from charts_py.contract.manifest import Manifest
from charts_py.contract.platform import Monitoring, ServiceMesh
from charts_py.contract.region import Region
from charts_py.contract.workloads import Api
from charts_py.resources import api

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")


def made(region: Region = LAB) -> dict[str, Manifest]:
    return {each["kind"]: each for each in api.manifests(region)}


def pod(region: Region = LAB) -> dict[str, Any]:
    template: dict[str, Any] = made(region)["Deployment"]["spec"]["template"]
    return template


def test_git_never_says_how_many_api_servers_run():
    assert "replicas" not in made()["Deployment"]["spec"]


def test_an_update_never_reduces_capacity():
    strategy = made()["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 1, "maxUnavailable": 0}


def test_a_stopping_pod_outlives_its_endpoint_and_then_has_time_to_finish():
    spec = pod()["spec"]
    (container,) = spec["containers"]
    sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert sleep >= 10
    assert spec["terminationGracePeriodSeconds"] > sleep + api.DRAIN_SECONDS


def test_both_autoscalers_point_at_the_object_that_exists():
    objects = made(replace(LAB, api=Api(recommender=True)))
    deployment = objects["Deployment"]
    expected = {
        "apiVersion": deployment["apiVersion"],
        "kind": deployment["kind"],
        "name": deployment["metadata"]["name"],
    }
    assert objects["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"] == expected
    assert objects["VerticalPodAutoscaler"]["spec"]["targetRef"] == expected


def test_requests_per_second_scale_only_where_somebody_measures_them():
    with_metrics = made(replace(LAB, monitoring=Monitoring(prometheus=True)))["HorizontalPodAutoscaler"]
    pods_metric = with_metrics["spec"]["metrics"][1]["pods"]
    assert pods_metric["metric"]["name"] == "http_requests_per_second"
    assert pods_metric["target"]["averageValue"] == "1k"
    assert [m["type"] for m in made()["HorizontalPodAutoscaler"]["spec"]["metrics"]] == ["Resource"]


def test_a_node_that_is_no_longer_needed_is_not_kept_for_an_api_servers_scratch_space():
    assert any("emptyDir" in volume for volume in pod()["spec"]["volumes"])
    assert pod()["metadata"]["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "true"


def test_spot_nodes_are_preferred_and_never_required():
    spec = pod(replace(LAB, provider="aws", api=Api(spot=True)))["spec"]
    assert set(spec["affinity"]["nodeAffinity"]) == {"preferredDuringSchedulingIgnoredDuringExecution"}
    assert {toleration["value"] for toleration in spec["tolerations"]} == {"SPOT", "spot"}


def test_without_a_wish_for_spot_nodes_their_taint_keeps_the_api_away():
    for region in (replace(LAB, provider="aws"), replace(LAB, api=Api(spot=True))):
        assert not {"affinity", "tolerations"} & pod(region)["spec"].keys()


def test_a_new_platform_version_alone_does_not_change_pods_whose_image_is_pinned():
    pinned = replace(LAB, images=replace(LAB.images, api=replace(LAB.images.api, tag="3.0.0")))
    assert pod(pinned) == pod(replace(pinned, version="3.1.0"))


def test_regions_differ_only_in_what_the_process_must_know():
    here, there = made(), made(replace(LAB, name="lab-2", cluster="lab-2", position=1))
    assert [kind for kind in here if here[kind] != there[kind]] == ["Deployment"]


def test_pods_ask_for_their_sidecar_only_in_a_mesh():
    assert not [key for key in pod()["metadata"]["annotations"] if "istio.io/" in key]
    meshed = pod(replace(LAB, service_mesh=ServiceMesh(enabled=True)))
    assert meshed["metadata"]["labels"]["sidecar.istio.io/inject"] == "true"


def test_the_service_answers_on_port_80_and_leads_to_the_named_container_port():
    http, metrics = made()["Service"]["spec"]["ports"]
    assert (http["port"], http["targetPort"]) == (80, "http")
    assert (metrics["port"], metrics["targetPort"]) == (8081, "metrics")
