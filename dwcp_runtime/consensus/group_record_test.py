from dwcp_runtime.consensus import group_keys
from dwcp_runtime.consensus.bootstrap import GrantState
from dwcp_runtime.consensus.data_dir import DataDir
from dwcp_runtime.consensus.founding_grant import FileGrant
from dwcp_runtime.consensus.gateway import Gateway, no_tls
from dwcp_runtime.consensus.group_record import GroupRecord
from dwcp_runtime.consensus.observe import Observer, Own
from dwcp_runtime.consensus.peer_map import parse
from dwcp_runtime.consensus.view import Timings

RUNNING = Timings(heartbeat_ms=150, election_ms=1500)


def test_a_group_that_lives_is_written_to_the_disk_the_group_and_the_grant(start_etcd, run, tmp_path):
    etcd = start_etcd("lab-0")

    async def work():
        data, grant = DataDir(tmp_path / "data"), FileGrant(tmp_path / "grant")
        data.open()
        observer = Observer(etcd.client_url, parse("lab-{i}=127.0.0.{i+1}"), contexts=no_tls)
        async with Gateway(etcd.client_url) as gateway:
            record = GroupRecord("lab-0", data=data, grant=grant, gateway=gateway)
            record.founding = True
            seen = await observer.look(Own(timings=RUNNING))
            await record.write(seen, RUNNING)
            state = data.state()
            assert (state.member_id, state.epoch) == (seen.status.member_id, 1)
            assert (state.voters, state.timings) == (("lab-0",), RUNNING)
            assert (await gateway.range(group_keys.EPOCH)).kvs[0].value == b"1"
            found = await grant.read()
            assert (found.state, found.epoch, found.founded) == (GrantState.GIVEN, 1, True)
            assert not record.founding
        await observer.close()
        data.close()

    run(work())
