from __future__ import annotations

from charts_py.contract.region import Region
from charts_py.resources import priority_classes

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")


def test_api_servers_give_way_to_consensus_and_neither_is_a_default_for_strangers():
    values = {each["metadata"]["name"]: each for each in priority_classes.manifests(LAB)}
    assert values["novacron-serving"]["value"] < values["novacron-critical"]["value"] <= 1_000_000_000
    assert not any("globalDefault" in each for each in values.values())
