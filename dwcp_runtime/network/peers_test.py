import pytest

from charts_py.contract.dwcp import AgentConfig, Peer
from dwcp_runtime.network.peers import Peers, UnknownPeerError

CONFIG = AgentConfig(
    environment="lab",
    region="lab-1",
    peers=(Peer(region="lab-2", endpoint="two:8888"), Peer(region="lab-3", endpoint="three:8888")),
)
PEERS = Peers.of(CONFIG)
TWO = "lab-2.lab.dwcp.novacron.io"


def test_exactly_the_agents_of_configured_regions_of_the_same_environment_are_allowed():
    assert PEERS.names == {TWO: "lab-2", "lab-3.lab.dwcp.novacron.io": "lab-3"}
    assert PEERS.allowed == set(PEERS.names)


def test_an_unknown_region_is_refused_with_the_known_ones():
    with pytest.raises(UnknownPeerError, match="allowed: lab-2, lab-3"):
        PEERS.get("lab-9")
    with pytest.raises(UnknownPeerError, match="no peers"):
        Peers.of(AgentConfig(environment="lab", region="lab-1")).get("lab-9")


def test_whoever_answers_at_a_peers_endpoint_must_be_that_peer():
    assert PEERS.expected_names("two:8888") == {TWO}
    assert PEERS.expected_names("elsewhere:8888") == PEERS.allowed
