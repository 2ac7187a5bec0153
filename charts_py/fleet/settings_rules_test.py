import dataclasses

import pytest

from charts_py.contract.compute import Compute, Limits, Resources
from charts_py.contract.platform import Network
from charts_py.contract.region import RegionSettings
from charts_py.contract.workloads import Api, Consensus, Volume
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
