"""Recovery on real data. Groups that are recovered are in agent_test."""

import json
import shutil
from pathlib import Path

import pytest

from dwcp_runtime.consensus import etcd_tools, recover, survivors
from dwcp_runtime.consensus.data_dir import DataDir, State
from dwcp_runtime.consensus.founding_grant import FileGrant, NoGrant
from dwcp_runtime.consensus.gateway import Gateway, no_tls
from dwcp_runtime.consensus.options import Options
from dwcp_runtime.consensus.peer_map import parse
from dwcp_runtime.consensus.recover import BUMP, RecoveryError
from dwcp_runtime.consensus.recovery import RecoveryPlan, Survivor

PEERS = parse("lab-{i}=127.211.37.{i+1}")


@pytest.fixture
def old(start_etcd, run, tmp_path):
    """The data folder of lab-0, whose etcd was killed just after its last write."""
    etcd = start_etcd("lab-0")

    async def write():
        async with Gateway(etcd.client_url) as gateway:
            for number in range(30):
                revision = await gateway.put(b"k%d" % number, b"v")
            return revision

    revision = run(write())
    etcd.process.kill()
    etcd.process.wait()
    data = DataDir(tmp_path / "data")
    data.open()
    shutil.move(etcd.data, data.etcd)
    data.write(State(instance="disk", epoch=1, voters=("lab-0", "lab-1", "lab-2")))
    yield data, revision
    data.close()


def plan_of(data, **changes):
    fields = {"kind": "data-dir", "name": "lab-0", "path": str(data.etcd), "intact": True, "epoch": 1}
    source = Survivor(**{**fields, "revision": 1, **changes})
    return RecoveryPlan(source=source, epoch=2, may_lose="", fenced=(), steps=())


@pytest.fixture
def carry_out(tools, tmp_path):
    options = Options(
        me=PEERS.members[0], peers=PEERS, data=tmp_path / "data", tls=None, tools=tools, synced=False
    )

    async def carry(plan, data, grant=None):
        await recover.carry_out(
            plan,
            options=options,
            data=data,
            grant=grant or FileGrant(tmp_path / "grant"),
            tools=etcd_tools.find(tools),
            contexts=no_tls,
        )

    carry.options = options
    return carry


def revision_of(data, tools, run):
    return run(survivors.store_revision(tools / "etcdutl", data.etcd / "member" / "snap" / "db"))


def test_every_write_of_the_old_log_is_in_the_new_group_and_no_revision_comes_twice(
    old, carry_out, tools, run, tmp_path
):
    data, revision = old
    run(carry_out(plan_of(data), data))
    assert revision_of(data, tools, run) == revision + BUMP
    assert data.state().epoch == 2
    grant = json.loads((tmp_path / "grant").read_text())
    assert (grant["epoch"], grant["holder"]) == (2, "disk")
    assert len(list((data.root / "set-aside").iterdir())) == 1
    assert (
        not list(data.root.glob("*.restored")) + list(data.root.glob("*.copy")) + list(data.root.glob("*.db"))
    )


@pytest.mark.parametrize("step", ["set_aside", "write", "rename"])
def test_a_recovery_that_is_cut_short_goes_on_where_it_was(old, carry_out, tools, run, monkeypatch, step):
    data, revision = old

    class CutError(Exception):
        pass

    def cut(*_):
        raise CutError

    with monkeypatch.context() as patched:
        if step == "rename":
            plain = Path.rename
            patched.setattr(
                Path, "rename", lambda self, to: cut() if self.name == "etcd.restored" else plain(self, to)
            )
        elif step == "write":
            plain_write = DataDir.write
            patched.setattr(
                DataDir, "write", lambda self, state: cut() if state.epoch == 2 else plain_write(self, state)
            )
        else:
            patched.setattr(DataDir, "set_aside", cut)
        with pytest.raises(CutError):
            run(carry_out(plan_of(data), data))
    run(carry_out(plan_of(data), data))
    assert (revision_of(data, tools, run) or 0) >= revision + BUMP
    assert data.state().epoch == 2
    run(carry_out(plan_of(data), data))
    assert data.state().epoch == 2


def test_what_cannot_be_carried_out_changes_nothing(old, carry_out, run, tmp_path):
    data, _ = old
    before = data.state()
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"no database")
    for plan, grant, said in (
        (plan_of(data), NoGrant(), "--founding-grant"),
        (plan_of(data, name="lab-1"), None, "on lab-1"),
        (plan_of(data, kind="snapshot", path=str(tmp_path / "none.db")), None, "is not there"),
        (plan_of(data, kind="snapshot", path=str(bad)), None, "etcdutl can't restore"),
    ):
        with pytest.raises(RecoveryError, match=said):
            run(carry_out(plan, data, grant))
        assert data.state() == before
        assert data.has_log()
        assert not (tmp_path / "grant").exists()


def test_a_stopped_disk_is_a_survivor_with_the_end_of_its_log(old, carry_out, tools, run):
    data, revision = old
    left = run(survivors.look(carry_out.options, data, etcdutl=tools / "etcdutl", contexts=no_tls))
    (survivor,) = left.survivors
    assert (survivor.kind, survivor.name, survivor.intact, survivor.epoch) == ("data-dir", "lab-0", True, 1)
    assert survivor.raft_index >= 30
    assert survivor.revision <= revision
    assert left.voters == ("lab-0", "lab-1", "lab-2")
    assert left.leader is None
