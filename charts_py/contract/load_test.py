import pytest

from charts_py.contract.dwcp import Dwcp
from charts_py.contract.environment import FleetFile
from charts_py.contract.load import broken_rules, load


def test_what_is_absent_takes_its_default():
    assert load(Dwcp, {"amst": {"minStreams": 4}}).amst.max_streams == 512


def test_an_unknown_setting_is_refused_by_name():
    with pytest.raises(TypeError, match="Amst has no setting minStrems"):
        load(Dwcp, {"amst": {"minStrems": 4}})


def test_a_broken_rule_names_the_place_inside_lists():
    fleet = load(
        FleetFile,
        {
            "environment": "lab",
            "version": "1.0.0",
            "regions": [{"name": "a"}, {"name": "b", "dwcp": {"acp": {"nodes": 4}}}],
        },
    )

    assert [broken.path for broken in broken_rules(fleet)] == [("regions", 1, "dwcp", "acp", "nodes")]


@pytest.mark.parametrize(
    ("dwcp", "path"),
    [
        ({"amst": {"minStreams": 9, "maxStreams": 8}}, ("amst", "minStreams")),
        ({"acp": {"nodes": 6}}, ("acp", "nodes")),
        ({"acp": {"nodes": 7, "quorumSize": 5}}, ("acp", "quorumSize")),
    ],
)
def test_each_dwcp_rule_can_be_broken(dwcp, path):
    assert [broken.path for broken in broken_rules(load(Dwcp, dwcp))] == [path]


def test_the_guides_own_settings_break_no_rule():
    guide = {
        "enabled": True,
        "amst": {"minStreams": 32, "maxStreams": 512},
        "hde": {"compressionLevel": 9, "algorithm": "zstd"},
        "acp": {"nodes": 7, "quorumSize": 4, "consensusEngine": "raft"},
        "networking": {"mtu": 9000, "tcp_nodelay": True},
    }

    assert list(broken_rules(load(Dwcp, guide))) == []
