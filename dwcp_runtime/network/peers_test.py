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


def test_a_peer_is_known_by_the_name_of_its_region_and_environment():
    assert PEERS.region_of(["localhost", TWO]) == "lab-2"


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["lab-2.other.dwcp.novacron.io"],
        ["lab-1.lab.dwcp.novacron.io"],
        ["*.lab.dwcp.novacron.io"],
        [TWO.upper()],
        [TWO, "lab-3.lab.dwcp.novacron.io"],
    ],
)
def test_a_stranger_a_wildcard_and_a_certificate_of_two_regions_are_nobody(names: list[str]):
    assert PEERS.region_of(names) is None


def test_an_unknown_region_is_refused_with_the_known_ones():
    with pytest.raises(UnknownPeerError, match="allowed: lab-2, lab-3"):
        PEERS.get("lab-9")
    with pytest.raises(UnknownPeerError, match="no peers"):
        Peers.of(AgentConfig(environment="lab", region="lab-1")).get("lab-9")


def test_whoever_answers_at_a_peers_endpoint_must_be_that_peer():
    assert PEERS.expected_names("two:8888") == {TWO}
    assert PEERS.expected_names("elsewhere:8888") == PEERS.allowed
