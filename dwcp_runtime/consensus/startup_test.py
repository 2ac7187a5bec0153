"""The way up against a real group of one, whose etcd is the test's own."""

import pytest

from dwcp_runtime.consensus import group_keys
from dwcp_runtime.consensus.data_dir import DataDir
from dwcp_runtime.consensus.find_group import GroupFinder
from dwcp_runtime.consensus.founding_grant import FileGrant, NoGrant
from dwcp_runtime.consensus.gateway import Gateway, no_tls
from dwcp_runtime.consensus.peer_map import parse
from dwcp_runtime.consensus.startup import NotYet, Ready, Startup
from dwcp_runtime.consensus.view import Timings


@pytest.fixture
def member(tmp_path):
    """Makes the way up of a member in a group whose member 0 has the given ports."""

    def make(ordinal, peer=21000, client=21001, grant=None):
        peers = parse(f"lab-{{i}}=127.0.0.1:{{i*10+{peer}}}:{{i*10+{client}}}:{{i*10+31001}}:{{i*10+31002}}")
        me = peers.members[ordinal]
        data = DataDir(tmp_path / f"data{ordinal}")
        data.open()
        finder = GroupFinder(peers, me=me.name, contexts=no_tls, tls=False)
        return Startup(me, tls=False, data=data, grant=grant or NoGrant(), finder=finder), data, finder

    return make


def ports_of(etcd):
    return int(etcd.peer_url.rpartition(":")[2]), int(etcd.client_url.rpartition(":")[2])


def test_member_0_names_its_disk_takes_the_grant_and_founds(member, tmp_path, run):
    async def work():
        way, data, finder = member(0, grant=FileGrant(tmp_path / "grant"))
        assert (await way.step()) == NotYet(again=True)
        assert (await way.step()) == NotYet(again=True)
        ready = await way.step()
        assert isinstance(ready, Ready)
        assert (ready.state, ready.epoch, ready.record) == ("new", 1, True)
        assert list(ready.cluster) == ["lab-0"]
        assert data.state().epoch == 1
        await finder.close()

    run(work())


def test_another_member_asks_to_join_and_starts_once_it_was_admitted(start_etcd, member, run):
    peer, client = (21950, 21951)
    etcd = start_etcd("lab-0", peer=peer, client=client)

    async def work():
        way, data, finder = member(1, peer=peer, client=client)
        async with Gateway(etcd.client_url) as gateway:
            timings = Timings(heartbeat_ms=150, election_ms=1500)
            await gateway.put(group_keys.TIMINGS, group_keys.timings_value(timings, 1))
            assert (await way.step()) == NotYet(again=True)
            for _ in range(2):
                asked = await way.step()
                assert isinstance(asked, NotYet)
                assert asked.joining
            (kv,) = (await gateway.range(group_keys.joining_key("lab-1"))).kvs
            assert kv.lease
            request = group_keys.agreed((kv,)).requests[0]
            learner = await gateway.add_learner(request.peer_url)
            await gateway.put(group_keys.admitted_key(learner.id), request.instance.encode())
            ready = await way.step()
            assert isinstance(ready, Ready)
            assert ready.state == "existing"
            assert ready.cluster == {"lab-0": etcd.peer_url, "lab-1": request.peer_url}
            assert ready.timings == timings
            assert not (await gateway.range(group_keys.joining_key("lab-1"))).kvs
            assert data.state().started
            way.never_started()
            assert not data.state().started
        await finder.close()

    run(work())


def test_a_member_above_the_wish_does_not_ask(start_etcd, member, run):
    peer, client = (21970, 21971)
    etcd = start_etcd("lab-0", peer=peer, client=client)

    async def work():
        async with Gateway(etcd.client_url) as gateway:
            await gateway.put(group_keys.VOTERS, b"1")
        way, _, finder = member(1, peer=peer, client=client)
        await way.step()
        retired = await way.step()
        assert isinstance(retired, NotYet)
        assert retired.retired
        await finder.close()

    run(work())
