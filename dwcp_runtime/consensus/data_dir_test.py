import os

import pytest

from dwcp_runtime.consensus.data_dir import DataDir, DataDirError, State
from dwcp_runtime.consensus.view import Timings


@pytest.fixture
def data(tmp_path):
    folder = DataDir(tmp_path / "data")
    folder.open()
    yield folder
    folder.close()


def begin_log(data):
    (data.etcd / "member" / "wal").mkdir(parents=True)
    (data.etcd / "member" / "wal" / "0.wal").write_bytes(b"x")


def test_what_is_written_down_is_read_back(data):
    state = State(
        instance="a",
        started=True,
        epoch=2,
        cluster_id=2**63,
        member_id=5,
        timings=Timings(heartbeat_ms=1, election_ms=10),
        voters=("lab-0",),
        learners=("lab-1",),
    )
    data.write(state)
    assert data.state() == state


def test_two_disks_never_get_the_same_name(data):
    assert data.name_disk() != data.name_disk()


def test_a_second_agent_is_kept_out_until_the_first_is_gone(data):
    other = DataDir(data.root)
    with pytest.raises(DataDirError, match="in use by another agent"):
        other.open()
    data.close()
    other.open()
    other.close()


def test_data_that_is_set_aside_leaves_an_empty_disk_without_a_name(data):
    begin_log(data)
    data.write(State(instance="a", epoch=1))
    kept = data.set_aside()
    assert (kept / "member" / "wal" / "0.wal").is_file()
    assert not data.has_log()
    assert data.disk().instance is None


def test_only_the_newest_data_that_was_set_aside_is_kept(data):
    for _ in range(3):
        begin_log(data)
        data.set_aside()
    assert len(list((data.root / "set-aside").iterdir())) == 1


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"epoch": "x"}', b'{"timings": [1]}', b"\xff"])
def test_a_damaged_description_is_told_by_its_path_and_never_taken_for_an_empty_disk(data, content):
    (data.root / "disk.json").write_bytes(content)
    with pytest.raises(DataDirError, match=r"disk\.json cannot be read"):
        data.disk()


def test_a_write_that_fails_leaves_the_old_description(data, monkeypatch):
    data.write(State(instance="a"))

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataDirError, match="No space left"):
        data.write(State(instance="b"))
    assert data.state().instance == "a"
