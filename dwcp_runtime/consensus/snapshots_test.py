import asyncio

import pytest

from dwcp_runtime.consensus import snapshot_files
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.snapshots import SnapshotError, Snapshots


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "snapshots"


def taker(etcd, folder, tools, gateway):
    return Snapshots(folder, gateway=gateway, etcdutl=tools / "etcdutl")


def test_a_snapshot_is_verified_described_and_found_again(etcd, folder, tools, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            revision = await gateway.put(b"a", b"1")
            snapshots = taker(etcd, folder, tools, gateway)
            taken = await snapshots.take(member="lab-0", epoch=3)
            assert taken.revision == revision
            again = taker(etcd, folder, tools, gateway)
            again.read()
            assert again.newest == taken
            (kept,) = snapshot_files.stored(folder)
            assert (kept.epoch, kept.member) == (3, "lab-0")
            assert kept.path.stat().st_size == taken.size_bytes

    run(work())


def test_two_who_ask_at_once_get_the_same_snapshot(etcd, folder, tools, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            snapshots = taker(etcd, folder, tools, gateway)
            one, other = await asyncio.gather(*(snapshots.take(member="lab-0", epoch=1) for _ in range(2)))
            assert one is other
            assert len(list(folder.glob("*.db"))) == 1

    run(work())


class Damaged(Gateway):
    """A member whose snapshot changes on the way."""

    async def snapshot(self):
        whole = b"".join([piece async for piece in super().snapshot()])
        yield self.change(whole)


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole[:-1],
        lambda whole: whole[:99] + bytes([whole[99] ^ 1]) + whole[100:],
        lambda whole: whole[512:],
        lambda whole: b"",
    ],
)
def test_a_damaged_snapshot_is_refused_and_leaves_nothing(etcd, folder, tools, run, change):
    async def work():
        async with Damaged(etcd.client_url) as gateway:
            gateway.change = change
            snapshots = taker(etcd, folder, tools, gateway)
            with pytest.raises(SnapshotError, match="damaged or cut short"):
                await snapshots.take(member="lab-0", epoch=1)
            assert list(folder.iterdir()) == []
            assert snapshots.newest is None

    run(work())
