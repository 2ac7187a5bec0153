from dataclasses import replace

from dwcp_runtime.consensus.hand_over import heir
from dwcp_runtime.consensus.views_for_tests import learner, view, voter


def test_the_newest_log_of_those_that_answer_leads_next():
    behind, newest = replace(voter(1), raft_index=7), replace(voter(2), raft_index=9)
    away = replace(voter(3), raft_index=12, reachable=False)
    assert heir(view(voter(0), behind, newest, away, learner(4))) == newest


def test_a_follower_a_member_alone_and_one_that_sees_nothing_hand_nothing_over():
    assert heir(view(voter(0), voter(1), leader=1, me=100)) is None
    assert heir(view(voter(0), learner(1))) is None
    assert heir(None) is None
