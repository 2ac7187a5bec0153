from charts_py.contract.lifetimes import AGENT_DRAIN_SECONDS, AGENT_GRACE_SECONDS, AGENT_PRE_STOP_SECONDS


def test_an_agent_ends_by_itself_before_the_kubelet_kills_it():
    assert 0 < AGENT_DRAIN_SECONDS < AGENT_GRACE_SECONDS - AGENT_PRE_STOP_SECONDS
