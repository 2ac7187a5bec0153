import pytest

from charts_py.contract.dwcp import CONSENSUS_SIZES, quorum


@pytest.mark.parametrize("nodes", CONSENSUS_SIZES)
def test_two_quorums_always_share_a_voter(nodes):
    assert 2 * quorum(nodes) > nodes


@pytest.mark.parametrize("nodes", CONSENSUS_SIZES)
def test_a_quorum_stands_while_a_minority_is_gone(nodes):
    assert nodes - (nodes - 1) // 2 >= quorum(nodes)
