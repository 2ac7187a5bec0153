from __future__ import annotations

from dataclasses import replace
from typing import Any

import yaml

from charts_py.contract import commands
from charts_py.contract.dwcp import Acp, AgentConfig, Amst, Dwcp, Networking, Peer
from charts_py.contract.labels import SYNC_WAVE
from charts_py.contract.load import load
from charts_py.contract.manifest import Manifest
from charts_py.contract.platform import Network
from charts_py.contract.region import Region
from charts_py.contract.workloads import Agent, AgentVolume
from charts_py.resources import dwcp

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")
PEER = Peer(region="lab-2", endpoint="dwcp.lab-2.example:8888", cidrs=("192.0.2.0/24",))
HOST = replace(LAB, dwcp=Dwcp(networking=Networking(host_network=True)))


def made(region: Region = LAB) -> dict[tuple[str, str], Manifest]:
    return {(each["kind"], each["metadata"]["name"]): each for each in dwcp.manifests(region)}


def template(region: Region = LAB) -> dict[str, Any]:
    found: dict[str, Any] = made(region)["DaemonSet", "novacron-dwcp-network"]["spec"]["template"]
    return found


def gateway(region: Region) -> Manifest:
    return made(region)["Service", "novacron-dwcp-gateway"]


def test_a_region_without_dwcp_has_nothing_of_it():
    assert dwcp.manifests(replace(LAB, dwcp=Dwcp(enabled=False))) == []


def test_agents_read_exactly_what_the_fleet_says():
    region = replace(LAB, peers=(PEER,), dwcp=Dwcp(amst=Amst(min_streams=2, max_streams=3)))
    text = made(region)["ConfigMap", "novacron-dwcp-config"]["data"]["dwcp.yaml"]
    config = load(AgentConfig, yaml.safe_load(text))
    assert config == dwcp.agent_config(region)
    assert config.amst.max_streams == 3
    assert config.peers == (PEER,)


def test_a_changed_configuration_restarts_no_agent():
    changed = replace(LAB, peers=(PEER,), dwcp=Dwcp(amst=Amst(min_streams=2)))
    assert made()["ConfigMap", "novacron-dwcp-config"] != made(changed)["ConfigMap", "novacron-dwcp-config"]
    assert template() == template(changed)


def test_a_changed_number_of_voters_does_not_touch_the_agents():
    assert dwcp.manifests(LAB) == dwcp.manifests(replace(LAB, dwcp=Dwcp(acp=Acp(nodes=7))))


def data_volume(region: Region = LAB) -> dict[str, Any]:
    (container,) = template(region)["spec"]["containers"]
    (name,) = (m["name"] for m in container["volumeMounts"] if m["mountPath"] == commands.DATA_MOUNT)
    (volume,) = (each for each in template(region)["spec"]["volumes"] if each["name"] == name)
    return volume


def with_volume(size: str, storage_class: str | None = None) -> Region:
    return replace(LAB, agent=Agent(volume=AgentVolume(size=size, storage_class=storage_class)))


def test_without_a_size_agents_keep_files_on_their_nodes_disk_and_not_without_end():
    assert data_volume() == {"name": "data", "emptyDir": {"sizeLimit": "20Gi"}}


def test_with_a_size_each_agent_has_a_claim_of_its_own():
    claim = data_volume(with_volume("1024Gi", "fast"))["ephemeral"]["volumeClaimTemplate"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Ti"
    assert claim["spec"]["storageClassName"] == "fast"
    assert (
        "storageClassName" not in data_volume(with_volume("5Gi"))["ephemeral"]["volumeClaimTemplate"]["spec"]
    )


def test_copies_of_images_are_not_backed_up():
    claim = data_volume(with_volume("5Gi"))["ephemeral"]["volumeClaimTemplate"]
    assert claim["metadata"]["labels"]["velero.io/exclude-from-backup"] == "true"


def test_the_volume_is_none_of_the_configurations_business():
    changed = with_volume("5Gi", "fast")
    assert made(changed)["ConfigMap", "novacron-dwcp-config"] == made()["ConfigMap", "novacron-dwcp-config"]
    assert template(changed)["metadata"] == template()["metadata"]


def test_agents_run_on_every_node():
    assert template()["spec"]["tolerations"] == [{"operator": "Exists"}]


def test_an_agent_takes_connections_until_the_gateways_balancer_knows_that_it_goes():
    three_health_checks = 3 * 10
    (container,) = template()["spec"]["containers"]
    sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert three_health_checks < sleep < template()["spec"]["terminationGracePeriodSeconds"]


def test_the_gateway_is_exposed_only_at_the_endpoint_that_the_fleet_names():
    assert gateway(replace(LAB, provider="aws"))["spec"]["type"] == "ClusterIP"
    region = replace(LAB, network=Network(dwcp_endpoint="dwcp.lab-1.example:443"), peers=(PEER,))
    spec = gateway(region)["spec"]
    assert (spec["type"], spec["externalTrafficPolicy"]) == ("LoadBalancer", "Local")
    assert spec["loadBalancerSourceRanges"] == ["192.0.2.0/24"]
    (port,) = spec["ports"]
    assert (port["port"], port["targetPort"]) == (443, "dwcp")


def test_buffers_are_tuned_in_the_pods_own_network_and_never_in_the_nodes():
    assert template()["spec"]["securityContext"]["sysctls"]
    assert "sysctls" not in template(HOST)["spec"]["securityContext"]


def test_host_mode_is_an_opt_in_and_says_so():
    assert "hostNetwork" not in template()["spec"]
    assert template(HOST)["spec"]["hostNetwork"] is True
    assert template(HOST)["spec"]["dnsPolicy"] == "ClusterFirstWithHostNet"
    annotations = made(HOST)["DaemonSet", "novacron-dwcp-network"]["metadata"]["annotations"]
    assert "network policies don't hold them" in annotations["novacron.io/explanation"]


def test_a_sync_ends_only_when_the_agents_run():
    def wave(kind: str, name: str) -> int:
        return int(made()[kind, name]["metadata"]["annotations"][SYNC_WAVE])

    assert wave("Service", "novacron-dwcp-gateway") > wave("DaemonSet", "novacron-dwcp-network")
