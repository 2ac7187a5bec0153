from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from charts_py.contract.load import load
from charts_py.contract.region import RegionSettings
from charts_py.contract.setting import plain
from charts_py.fleet.merge import environment, merged, merged_settings

TREES = st.recursive(
    st.integers() | st.text(max_size=2) | st.lists(st.integers(), max_size=2),
    lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), TREES, max_size=3)


def test_mappings_merge_and_lists_are_replaced() -> None:
    base = {"a": {"x": 1, "y": 2}, "l": [1, 2]}
    assert merged(base, {"a": {"y": 3}, "l": [9]}) == {"a": {"x": 1, "y": 3}, "l": [9]}


@given(MAPPINGS, MAPPINGS)
def test_everything_that_the_upper_layer_says_holds(base: dict[str, Any], over: dict[str, Any]) -> None:
    def holds(told: Any, result: Any) -> bool:
        if isinstance(told, dict):
            return isinstance(result, dict) and all(holds(value, result[key]) for key, value in told.items())
        return bool(told == result)

    assert holds(over, merged(base, over))


@given(MAPPINGS)
def test_an_empty_layer_changes_nothing_on_either_side(tree: dict[str, Any]) -> None:
    assert merged(tree, {}) == tree == merged({}, tree)


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_merging_leaves_its_arguments_alone(a: dict[str, Any], b: dict[str, Any], c: dict[str, Any]) -> None:
    before = repr((a, b, c))
    merged(merged(a, b), c)
    assert repr((a, b, c)) == before


def test_a_region_wins_over_defaults_and_defaults_over_what_is_built_in() -> None:
    result = merged_settings(
        {"dwcp": {"acp": {"nodes": 7}, "hde": {"compressionLevel": 3}}}, {"dwcp": {"acp": {"nodes": 3}}}
    )
    assert result["dwcp"]["acp"]["nodes"] == 3
    assert result["dwcp"]["hde"]["compressionLevel"] == 3
    assert result["dwcp"]["amst"] == plain(RegionSettings())["dwcp"]["amst"]


FILE = {
    "environment": "lab",
    "version": "3.0.0",
    "images": {"registry": "registry.example.com"},
    "home": "b",
    "regions": [
        {"name": "a", "network": {"dwcpEndpoint": "a.example:8888", "dwcpCIDRs": ["10.1.0.0/16"]}},
        {"name": "b", "cluster": "b-1"},
        {"name": "c", "network": {"dwcpEndpoint": "c.example:8888"}, "dwcp": {"enabled": False}},
    ],
}  # fmt: skip


def lab() -> Any:
    settings = [load(RegionSettings, merged_settings(region)) for region in FILE["regions"]]  # type: ignore[arg-type]  # FILE is plain data
    return environment(FILE, settings)


def test_peers_are_the_other_regions_that_run_dwcp_and_can_be_reached() -> None:
    peers = {region.name: [(p.region, p.endpoint, p.cidrs) for p in region.peers] for region in lab().regions}
    assert peers == {"a": [], "b": [("a", "a.example:8888", ("10.1.0.0/16",))], "c": []}


def test_a_region_knows_its_environment_and_place() -> None:
    regions = lab().regions
    assert [region.path for region in regions] == ["lab/a", "lab/b", "lab/c"]
    assert [region.position for region in regions] == [0, 1, 2]
    assert [region.cluster for region in regions] == ["a", "b-1", "c"]
    assert regions[0].image("api") == "registry.example.com/novacron/api:3.0.0"


def test_only_the_home_region_lists_the_members() -> None:
    members = {region.name: [member.name for member in region.members] for region in lab().regions}
    assert members == {"a": [], "b": ["a", "b", "c"], "c": []}
