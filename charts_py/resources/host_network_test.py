from __future__ import annotations

from dataclasses import replace

from charts_py.contract.dwcp import Dwcp, Networking
from charts_py.contract.region import Region
from charts_py.resources import host_network

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")
HOST = replace(LAB, dwcp=Dwcp(networking=Networking(host_network=True)))


def test_without_host_mode_pod_security_alone_decides():
    assert host_network.manifests(LAB) == []
    assert host_network.enforced_level(LAB) == "restricted"
    assert host_network.explanation(LAB) == {}


def test_host_mode_without_agents_changes_nothing():
    region = replace(LAB, dwcp=Dwcp(enabled=False, networking=Networking(host_network=True)))
    assert host_network.enforced_level(region) == "restricted"


def test_what_pod_security_no_longer_enforces_an_admission_policy_does():
    policy, binding = host_network.manifests(HOST)
    assert binding["spec"]["validationActions"] == ["Deny"]
    messages = {validation["message"] for validation in policy["spec"]["validations"]}
    assert "only the DWCP agents may use the host network" in messages
    assert "containers must drop ALL capabilities and add none but NET_BIND_SERVICE" in messages


def test_host_ports_are_the_container_ports():
    for port in host_network.container_ports(HOST, "novacron-dwcp-network"):
        assert port["hostPort"] == port["containerPort"]
