"""With a real etcd, and decisions that the tests make."""

from dataclasses import replace

import pytest

from dwcp_runtime.consensus.data_dir import DataDir
from dwcp_runtime.consensus.fence import Fence
from dwcp_runtime.consensus.find_group import GroupFinder
from dwcp_runtime.consensus.founding_grant import FileGrant
from dwcp_runtime.consensus.gateway import Gateway, no_tls
from dwcp_runtime.consensus.group_record import GroupRecord
from dwcp_runtime.consensus.known import Known
from dwcp_runtime.consensus.observe import Observer
from dwcp_runtime.consensus.peer_map import parse
from dwcp_runtime.consensus.status_document import Phase
from dwcp_runtime.consensus.turn import Turn
from dwcp_runtime.consensus.view import Decision, TakeSnapshot

PEERS = parse("lab-{i}=127.0.0.{i+1}")


class SlowObserver(Observer):
    """Looks before an election, and is done after it."""

    async def look(self, own):
        seen = await super().look(own)
        return replace(seen, view=replace(seen.view, term=seen.view.term - 1))


@pytest.fixture
def take(start_etcd, run, tmp_path):
    """One turn of a leader that wants a snapshot; returns what was begun, and what it knows then."""

    def taken(observer=Observer, url=None):
        begun = []

        async def snapshot():
            begun.append("snapshot")

        async def work():
            own = url or start_etcd("lab-0").client_url
            data, grant = DataDir(tmp_path / "data"), FileGrant(tmp_path / "grant")
            data.open()
            finder = GroupFinder(PEERS, me="lab-0", contexts=no_tls, tls=False)
            looks = observer(own, PEERS, contexts=no_tls)
            async with Gateway(own) as gateway:
                known = Known(running=True)
                turn = Turn(
                    name="lab-0",
                    known=known,
                    gateway=gateway,
                    observer=looks,
                    record=GroupRecord("lab-0", data=data, grant=grant, gateway=gateway),
                    fence=Fence(data, grant, finder),
                    data=data,
                    member=lambda _id: None,
                    snapshot=snapshot,
                    decide=lambda view, memory: Decision(
                        action=TakeSnapshot(), reasons=("a reason",), memory=memory
                    ),
                )
                assert not await turn.take()
            await looks.close()
            await finder.close()
            data.close()
            return begun, known

        return run(work())

    return taken


def test_what_was_decided_is_done_while_the_view_holds(take):
    begun, known = take()
    assert begun == ["snapshot"]
    assert known.waiting == ("a reason",)


def test_what_was_decided_for_another_term_is_not_done_and_says_why(take):
    begun, known = take(SlowObserver)
    assert begun == []
    assert known.waiting[0] == "a reason"
    assert known.waiting[1].startswith("decides anew, since the term is")


def test_an_etcd_that_does_not_answer_is_told_and_nothing_is_done(take):
    begun, known = take(url="http://127.0.0.1:1")
    assert begun == []
    assert known.phase is Phase.STARTING
    assert "does not answer" in known.waiting[0]
