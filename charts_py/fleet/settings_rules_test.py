import dataclasses

import pytest

from charts_py.contract.compute import Compute, Limits, Resources
from charts_py.contract.dwcp import Amst, Dwcp
from charts_py.contract.platform import Network
from charts_py.contract.region import RegionSettings
from charts_py.contract.workloads import Agent, AgentVolume, Api, Consensus, Volume
from charts_py.fleet.settings_rules import settings_findings


def told(settings: RegionSettings) -> list[tuple[str, str | None]]:
    return [(".".join(map(str, f.path)), f.nearest) for f in settings_findings(settings)]


def of_api(
    cpu: str, memory: str, limit_cpu: str | None = None, limit_memory: str | None = None
) -> RegionSettings:
    limits = Limits(cpu=limit_cpu, memory=limit_memory)
    return RegionSettings(
        api=Api(resources=Resources(requests=Compute(cpu=cpu, memory=memory), limits=limits))
    )


def test_the_built_in_defaults_keep_every_rule() -> None:
    assert told(RegionSettings()) == []


def test_a_limit_below_the_request_is_found_across_units() -> None:
    assert told(of_api("1", "1Gi", "900m", "1000Mi")) == [
        ("api.resources.limits.cpu", None),
        ("api.resources.limits.memory", None),
    ]
    assert told(of_api("1", "1Gi", "1000m", "1024Mi")) == []


@pytest.mark.parametrize(
    ("memory", "meant"), [("512m", "512Mi"), ("512", "512Mi"), ("100Ki", "100Mi"), ("0", None)]
)
def test_memory_of_a_few_bytes_is_a_missing_unit(memory: str, meant: str | None) -> None:
    assert told(of_api("1", memory)) == [("api.resources.requests.memory", meant)]


def of_agent(request: str, limit: str | None = None, **volume: str) -> RegionSettings:
    resources = Resources(requests=Compute(cpu="1", memory=request), limits=Limits(memory=limit))
    return RegionSettings(agent=Agent(resources=resources, volume=AgentVolume(**volume)))


def test_an_agents_memory_holds_what_its_streams_and_its_volume_may_take() -> None:
    (small,) = settings_findings(of_agent("512Mi"))
    assert small.path == ("agent", "resources", "requests", "memory")
    assert small.nearest is not None
    assert told(of_agent("512Mi", small.nearest)) == []
    assert told(of_agent("512Mi", "1Gi"))[0][0] == "agent.resources.limits.memory"
    assert told(of_agent("512Mi", small.nearest, size="21Gi")) != []
    fewer = dataclasses.replace(of_agent("512Mi", "1Gi"), dwcp=Dwcp(amst=Amst(max_streams=64)))
    assert told(fewer) == []


def test_where_no_agent_runs_nobody_asks_for_its_memory() -> None:
    assert told(dataclasses.replace(of_agent("1Mi"), dwcp=Dwcp(enabled=False))) == []


def test_a_class_without_a_size_is_found() -> None:
    assert told(of_agent("2Gi", storage_class="fast")) == [("agent.volume.storageClass", None)]


def test_a_volume_of_a_few_bytes_is_a_missing_unit() -> None:
    settings = RegionSettings(consensus=Consensus(volume=Volume(size="100")))
    assert told(settings) == [("consensus.volume.size", "100Mi")]


@pytest.mark.parametrize(
    ("cidr", "meant"),
    [("300.0.0.0/8", None), ("10.0.0.1/8", "10.0.0.0/8"), ("fd00::1/64", "fd00::/64"), ("fd00:::/64", None)],
)
def test_a_network_must_exist_and_be_a_network(cidr: str, meant: str | None) -> None:
    assert told(RegionSettings(network=Network(dwcp_cidrs=("10.0.0.0/8", cidr)))) == [
        ("network.dwcpCIDRs.1", meant)
    ]


@pytest.mark.parametrize(("port", "sound"), [("0", False), ("1", True), ("65535", True), ("65536", False)])
def test_a_port_is_one_that_can_be_connected_to(port: str, sound: bool) -> None:
    network = dataclasses.replace(RegionSettings().network, dwcp_endpoint=f"a.example:{port}")
    assert told(RegionSettings(network=network)) == ([] if sound else [("network.dwcpEndpoint", None)])
