from __future__ import annotations

import cdk8s
import pytest

from charts_py.charts.api import Api
from charts_py.charts.consensus import Consensus
from charts_py.charts.dwcp import Dwcp
from charts_py.charts.manifests import render
from charts_py.charts.region import PARTS, region_charts
from charts_py.contract import names
from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.contract.region import Region

REGION = Region(environment="lab", name="lab-1", cluster="lab-1", version="1.4.0")


@pytest.fixture(scope="module")
def rendered() -> dict[str, list[tuple[str, Manifest]]]:
    return {chart.PART: render(chart) for chart in region_charts(REGION)}


def services(rendered: dict[str, list[tuple[str, Manifest]]]) -> dict[str, list[int]]:
    return {
        f"{manifest['metadata']['name']}.{manifest['metadata']['namespace']}.svc": [
            port["port"] for port in manifest["spec"]["ports"]
        ]
        for objects in rendered.values()
        for _, manifest in objects
        if manifest["kind"] == "Service"
    }


def test_the_parts_are_those_of_the_contract_in_its_order() -> None:
    assert tuple(chart.PART for chart in PARTS) == names.PARTS


def test_no_object_is_in_two_parts(rendered: dict[str, list[tuple[str, Manifest]]]) -> None:
    identities = [ObjectId.of(manifest) for objects in rendered.values() for _, manifest in objects]
    assert len(identities) == len(set(identities))


def test_a_region_is_rendered_to_the_same_objects_in_the_same_order_each_time(
    rendered: dict[str, list[tuple[str, Manifest]]],
) -> None:
    assert {chart.PART: render(chart) for chart in region_charts(REGION)} == rendered


def test_the_addresses_that_constructs_expose_are_served(
    rendered: dict[str, list[tuple[str, Manifest]]],
) -> None:
    chart = cdk8s.Chart(cdk8s.App(), "own")
    consensus = Consensus(chart, "consensus", region=REGION)
    exposed = [
        Api(chart, "api", region=REGION).url,
        consensus.endpoint,
        consensus.health_url,
        Dwcp(chart, "dwcp", region=REGION).gateway,
    ]
    for address in exposed:
        host, _, port = (
            address.removeprefix("http://").removeprefix("https://").partition("/")[0].partition(":")
        )
        assert int(port) in services(rendered)[host], address
