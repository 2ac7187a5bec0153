from dataclasses import replace

import pytest

from dwcp_runtime.consensus.data_dir import State
from dwcp_runtime.consensus.gateway_text import MemberStatus
from dwcp_runtime.consensus.group_keys import Agreed
from dwcp_runtime.consensus.known import Known
from dwcp_runtime.consensus.observe import Observation
from dwcp_runtime.consensus.startup import NotYet
from dwcp_runtime.consensus.status_document import Phase, Role
from dwcp_runtime.consensus.views_for_tests import view, voter


def seen(leader: int) -> Observation:
    status = MemberStatus(
        member_id=100,
        cluster_id=7,
        leader=leader,
        term=3,
        raft_index=9,
        raft_applied=9,
        db_size=1,
        db_in_use=1,
        db_quota=1,
        revision=5,
        learner=False,
        version="3.6.16",
        errors=(),
    )
    return Observation(status=status, agreed=Agreed(), view=view(voter(0), voter(1)))


def told(known: Known):
    return known.status(name="c-0", disk=State(epoch=2), etcd_version="3.6.16", last_snapshot=None)


def test_a_leader_change_is_one_to_another_leader_and_not_to_none():
    known = Known()
    for leader in (100, 100, 0, 100, 101):
        known.look(seen(leader))
    assert told(known).leader_changes == 1


def test_a_look_makes_it_running_and_a_failed_one_forgets_what_was_seen():
    known = Known()
    known.look(seen(100))
    assert (told(known).phase, told(known).role, told(known).term) == (Phase.RUNNING, Role.LEADER, 3)
    known.look_failed("refused")
    status = told(known)
    assert (status.phase, status.role, status.term, status.quorum) == (Phase.STARTING, Role.NONE, None, None)
    assert status.waiting_for == ("the own etcd does not answer: refused",)


def test_timings_are_told_only_while_etcd_runs():
    known = Known(running=True)
    assert told(known).timings_running is not None
    known.ended()
    assert told(known).timings_running is None


@pytest.mark.parametrize(
    ("step", "phase"),
    [
        (NotYet(why="x"), Phase.WAITING),
        (NotYet(why="x", joining=True), Phase.JOINING),
        (NotYet(why="x", retired=True, joining=True), Phase.RETIRED),
    ],
    ids=["waiting", "joining", "retired"],
)
def test_why_a_start_waits_is_new_once(step, phase):
    known = Known()
    assert known.wait(step)
    assert not known.wait(step)
    assert known.wait(replace(step, why="y"))
    assert (known.phase, known.waiting) == (phase, ("y",))
