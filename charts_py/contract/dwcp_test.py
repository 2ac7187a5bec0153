import pytest

from charts_py.contract.dwcp import CONSENSUS_SIZES, AgentConfig, Amst, Networking, Peer, quorum
from charts_py.contract.load import load
from charts_py.contract.setting import plain


@pytest.mark.parametrize("nodes", CONSENSUS_SIZES)
def test_two_quorums_always_share_a_voter(nodes):
    assert 2 * quorum(nodes) > nodes


@pytest.mark.parametrize("nodes", CONSENSUS_SIZES)
def test_a_quorum_stands_while_a_minority_is_gone(nodes):
    assert nodes - (nodes - 1) // 2 >= quorum(nodes)


def test_an_agent_reads_back_the_configuration_that_was_written_for_it():
    config = AgentConfig(
        environment="lab",
        region="lab-1",
        amst=Amst(min_streams=4, max_streams=8),
        networking=Networking(mtu=9000, rate_limit=2_000_000),
        peers=(Peer(region="lab-2", endpoint="dwcp.lab-2.example:8888", cidrs=("192.0.2.0/24",)),),
    )
    assert load(AgentConfig, plain(config)) == config
