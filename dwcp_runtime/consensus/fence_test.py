from dwcp_runtime.consensus.data_dir import DataDir
from dwcp_runtime.consensus.fence import FENCE_EVERY, Fence
from dwcp_runtime.consensus.find_group import GroupFinder
from dwcp_runtime.consensus.founding_grant import FileGrant
from dwcp_runtime.consensus.gateway import no_tls
from dwcp_runtime.consensus.peer_map import parse


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_higher_epoch_in_the_grant_outdates_the_own_data(tmp_path, run):
    data, grant, clock = DataDir(tmp_path / "data"), FileGrant(tmp_path / "grant"), Clock()
    finder = GroupFinder(parse("lab-{i}=127.0.0.{i+1}"), me="lab-0", contexts=no_tls, tls=False)

    async def work():
        data.open()
        data.update(epoch=2)
        fence = Fence(data, grant, finder, clock=clock)
        await grant.record(holder="disk", epoch=2)
        assert not await fence.outdated(led=True)
        await grant.record(holder="disk", epoch=3)
        assert not await fence.outdated(led=True), "it looks now and then, not in every turn"
        clock.now += FENCE_EVERY
        assert await fence.outdated(led=True)
        await finder.close()
        data.close()

    run(work())
