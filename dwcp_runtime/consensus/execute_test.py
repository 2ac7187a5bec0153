import pytest

from dwcp_runtime.consensus import group_keys
from dwcp_runtime.consensus.execute import execute
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_error import RejectedError
from dwcp_runtime.consensus.gateway_text import prefix_end
from dwcp_runtime.consensus.view import (
    AddLearner,
    AllowRestart,
    ClearRestart,
    Defragment,
    MoveLeader,
    Remove,
    SetWantedTimings,
    TakeSnapshot,
    Timings,
)

TIMINGS = Timings(heartbeat_ms=150, election_ms=1500)


async def agreed(gateway):
    read = await gateway.range(group_keys.PREFIX, prefix_end(group_keys.PREFIX))
    return group_keys.agreed(read.kvs)


def test_every_action_is_seen_in_the_group_afterwards(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            snapshots = []

            async def snapshot():
                snapshots.append(True)

            async def do(action):
                await execute(action, gateway, member=lambda _: gateway, snapshot=snapshot)
                return await agreed(gateway)

            admitted = (
                await do(AddLearner(name="lab-1", peer_url="http://127.0.0.1:9", instance="disk"))
            ).admitted
            (learner,) = [member.id for member in await gateway.members() if member.learner]
            assert admitted == {learner: "disk"}
            assert (await do(Remove(id=learner, why="test"))).admitted == {}
            assert len(await gateway.members()) == 1

            found = await do(SetWantedTimings(timings=TIMINGS, generation=4))
            assert (found.timings, found.generation) == (TIMINGS, 4)
            assert (await do(AllowRestart(name="lab-0", generation=4))).rolling == "lab-0"
            assert (await do(ClearRestart(name="lab-1"))).rolling == "lab-0"
            assert (await do(ClearRestart(name="lab-0"))).rolling is None
            await do(Defragment(id=1))
            await do(TakeSnapshot())
            assert snapshots == [True]

    run(work())


def test_a_move_for_the_sake_of_placement_counts_even_if_it_fails(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            for placement in (False, True):
                action = MoveLeader(to=1, why="test", for_placement=placement)
                with pytest.raises(RejectedError):
                    await execute(action, gateway, member=lambda _: None, snapshot=lambda: None)
            assert (await agreed(gateway)).moves == 1

    run(work())
