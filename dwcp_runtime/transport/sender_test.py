import asyncio
import os
import shutil
import stat

import pytest

from dwcp_runtime.encoding.inventory import Inventory
from dwcp_runtime.transport import block_sink, incoming, link
from dwcp_runtime.transport.block_sink import BlockSink
from dwcp_runtime.transport.capabilities import ALL, Capability, Offer
from dwcp_runtime.transport.conftest import run
from dwcp_runtime.transport.ends_for_tests import image, random_bytes, receiving, until
from dwcp_runtime.transport.errors import ErrorCode
from dwcp_runtime.transport.limits import MIN_BLOCK
from dwcp_runtime.transport.progress import State
from dwcp_runtime.transport.receiver import Receiver

SIZE = 40 * MIN_BLOCK + 17
SLOW = {"level": 0, "rate_limit": 8_000_000, "streams": (1, 1)}
"""A transfer of SIZE that takes long enough to be interrupted."""


def whole(progress):
    assert (progress.state, progress.error) == (State.DONE, None)
    return True


async def indexed(ends):
    """Until the receiver knows the images that are there."""
    await until(lambda: ends.receiver._inventory is not None and ends.receiver._inventory.pages > 0)


@pytest.mark.parametrize("size", [0, 1, MIN_BLOCK - 1, MIN_BLOCK, MIN_BLOCK + 1, SIZE])
def test_a_file_of_any_size_arrives_whole_and_nobody_complains(tmp_path, size):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", size)
            assert whole(await ends.send(source))
            assert ends.published() == {"disk.img": source.read_bytes()}
            await until(lambda: bool(ends.ended))
            assert [ended.state for ended in ends.ended] == [State.DONE]
            assert not ends.reported

    run(go())


def test_both_ends_say_how_many_streams_there_were_when_all_are_closed(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            done = await ends.send(image(tmp_path / "disk.img", SIZE), **{**SLOW, "streams": (3, 3)})
            await until(lambda: bool(ends.ended))
            for progress in (done, *ends.ended):
                assert (progress.streams, progress.most_streams) == (0, 3)

    run(go())


def test_folders_of_the_name_are_made_and_permission_bits_kept(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", 100)
            source.chmod(0o640)
            assert whole(await ends.send(source, "region/eu west/ä.img"))
            arrived = tmp_path / "there" / "region" / "eu west" / "ä.img"
            assert stat.S_IMODE(arrived.stat().st_mode) == 0o640
            assert arrived.read_bytes() == source.read_bytes()

    run(go())


def test_holes_of_the_source_cost_nothing_and_are_holes_at_the_receiver(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = tmp_path / "disk.img"
            with source.open("wb") as file:
                file.truncate(1 << 30)
                file.seek(700 << 20)
                file.write(random_bytes(MIN_BLOCK))
            done = await ends.send(source)
            assert whole(done)
            assert done.wire < 3 * MIN_BLOCK
            arrived = (tmp_path / "there" / "disk.img").stat()
            assert arrived.st_size == 1 << 30
            assert arrived.st_blocks * 512 < 1 << 20
            with (tmp_path / "there" / "disk.img").open("rb") as file:
                file.seek(700 << 20)
                assert file.read(MIN_BLOCK) == random_bytes(MIN_BLOCK)

    run(go())


def mixed(path):
    """Something for every codec: zeros, text, and bytes that look random."""
    content = b"".join(
        bytes(2 * MIN_BLOCK) + b"a line of a log\n" * 8192 + random_bytes(MIN_BLOCK, seed=seed)
        for seed in range(4)
    )
    path.write_bytes(content)
    return content


WITHOUT = [Capability(0), *Capability, ALL]


@pytest.mark.parametrize(
    ("here", "there"),
    [(one, Capability(0)) for one in WITHOUT]
    + [(Capability(0), one) for one in WITHOUT[1:]]
    + [(one, one) for one in WITHOUT[1:]]
    + [(Capability.ZSTD, Capability.SPARSE), (Capability.REFERENCES, Capability.PREFIX)],
)
def test_two_ends_of_different_abilities_speak_what_both_can(tmp_path, here, there):
    async def go():
        (tmp_path / "there").mkdir()
        old = mixed(tmp_path / "there" / "old.img")
        (tmp_path / "old.img").write_bytes(old)
        source = tmp_path / "disk.img"
        source.write_bytes(old[MIN_BLOCK:] + random_bytes(3 * MIN_BLOCK, seed=9))
        offer = Offer(capabilities=ALL & ~here)
        async with receiving(tmp_path / "there", offer=Offer(capabilities=ALL & ~there)) as ends:
            await indexed(ends)
            for baseline in (None, tmp_path / "old.img"):
                done = await ends.send(source, f"{baseline is None}", offer=offer, baseline=baseline, level=3)
                assert whole(done)
                assert (tmp_path / "there" / f"{baseline is None}").read_bytes() == source.read_bytes()
                agreed = ALL & ~here & ~there
                assert Capability.SPARSE in agreed or not done.blocks.get("zero")
                assert Capability.ZSTD in agreed or not done.blocks.get("zstd")
                assert Capability.PREFIX in agreed or not done.blocks.get("prefix")
                assert agreed & (Capability.PREFIX | Capability.REFERENCES) or not done.blocks.get("pages")
            assert not ends.reported

    run(go())


def test_pages_that_the_receiver_has_in_another_image_are_not_sent(tmp_path):
    async def go():
        content = random_bytes(SIZE)
        (tmp_path / "there").mkdir()
        (tmp_path / "there" / "other.img").write_bytes(random_bytes(4096, seed=2) + content)
        source = tmp_path / "disk.img"
        source.write_bytes(content)
        async with receiving(tmp_path / "there") as ends:
            await indexed(ends)
            done = await ends.send(source, level=1)
            assert whole(done)
            assert done.blocks["pages"] > 0
            assert done.wire < SIZE // 2
            assert ends.published()["disk.img"] == content

    run(go())


@pytest.mark.parametrize("fate", ["changed", "gone"])
def test_a_reference_that_is_wrong_by_now_is_answered_by_the_block(tmp_path, monkeypatch, fate):
    lookup = Inventory.lookup

    def and_then(self, wanted):
        found = lookup(self, wanted)
        if fate == "gone":
            other.unlink(missing_ok=True)
        else:
            monkeypatch.setattr(Inventory, "read", lambda self, places, first, into: True)
        return found

    monkeypatch.setattr(Inventory, "lookup", and_then)
    other = tmp_path / "there" / "other.img"

    async def go():
        source = image(tmp_path / "disk.img", SIZE)
        other.parent.mkdir()
        shutil.copy(source, other)
        async with receiving(tmp_path / "there") as ends:
            await indexed(ends)
            done = await ends.send(source, level=1)
            assert whole(done)
            assert done.blocks["pages"] > 0
            assert done.resent > 0
            assert ends.published()["disk.img"] == source.read_bytes()

    run(go())


@pytest.mark.parametrize("at_the_receiver", ["same", "none", "other"])
def test_a_baseline_saves_bytes_where_both_have_it_and_does_no_harm_elsewhere(tmp_path, at_the_receiver):
    async def go():
        (tmp_path / "there").mkdir()
        old = random_bytes(SIZE)
        (tmp_path / "old.img").write_bytes(old)
        if at_the_receiver != "none":
            there = old if at_the_receiver == "same" else random_bytes(SIZE, seed=5)
            (tmp_path / "there" / "old.img").write_bytes(there)
        source = tmp_path / "disk.img"
        source.write_bytes(old[:MIN_BLOCK] + b"new" * 2000 + old[MIN_BLOCK + 6000 :])
        # Without inventory questions only the baseline can save anything.
        offer = Offer()
        async with receiving(tmp_path / "there") as ends:
            if at_the_receiver != "none":
                await indexed(ends)
            done = await ends.send(source, baseline=tmp_path / "old.img", level=3, offer=offer)
            assert whole(done)
            assert ends.published()["disk.img"] == source.read_bytes()
            assert (done.wire < SIZE // 4) == (at_the_receiver == "same")

    run(go())


def test_a_baseline_that_changes_while_it_is_used_costs_bytes_and_nothing_else(tmp_path, monkeypatch):
    real = incoming.BaselineFile

    class Wrong(real):
        def read_into(self, offset, into):
            into[:] = bytes(len(into))
            return True

    monkeypatch.setattr(incoming, "BaselineFile", Wrong)

    async def go():
        (tmp_path / "there").mkdir()
        old = image(tmp_path / "old.img", SIZE)
        shutil.copy(old, tmp_path / "there" / "old.img")
        async with receiving(tmp_path / "there") as ends:
            await indexed(ends)
            source = tmp_path / "disk.img"
            source.write_bytes(old.read_bytes()[:-100] + b"x" * 100)
            done = await ends.send(source, baseline=old, level=3)
            assert whole(done)
            assert done.resent > 0
            assert ends.published()["disk.img"] == source.read_bytes()

    run(go())


def test_a_sender_that_comes_back_sends_what_was_not_durable_and_no_more(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", SIZE)
            first = ends.sender(source, **SLOW)
            running = asyncio.ensure_future(first.run())
            await until(lambda: first.progress().durable > SIZE // 4)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert first.progress().state is State.CANCELLED
            assert ends.published() == {}
            await until(lambda: bool(ends.ended))
            kept = ends.ended[0].durable
            done = await ends.send(source, level=0)
            assert whole(done)
            # The receiver makes durable what it had stored when the connection ended.
            assert done.resumed >= max(kept, first.progress().durable)
            assert done.wire < SIZE - done.resumed + 100 * (SIZE // MIN_BLOCK + 1)
            assert done.resent == 0
            assert ends.published() == {"disk.img": source.read_bytes()}

    run(go())


def test_the_same_file_sent_again_costs_nothing_unless_it_changed(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", SIZE)
            assert whole(await ends.send(source))
            again = await ends.send(source)
            assert whole(again)
            assert (again.wire, again.resumed) == (0, SIZE)
            image(source, SIZE, seed=3)
            os.utime(source, ns=(1, 1))
            assert whole(await ends.send(source))
            assert ends.published() == {"disk.img": source.read_bytes()}

    run(go())


def test_a_file_that_changed_between_two_tries_is_never_mixed_with_its_older_self(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", SIZE)
            first = ends.sender(source, **SLOW)
            running = asyncio.ensure_future(first.run())
            await until(lambda: first.progress().durable > SIZE // 4)
            running.cancel()
            await asyncio.wait({running})
            before = source.stat()
            source.write_bytes(random_bytes(SIZE, seed=7))
            # Not even when the times say that nothing happened.
            os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert whole(await ends.send(source))
            assert ends.published() == {"disk.img": source.read_bytes()}

    run(go())


def test_a_file_that_is_written_to_while_it_is_sent_is_not_published(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", SIZE)
            sender = ends.sender(source, **SLOW)
            running = asyncio.ensure_future(sender.run())
            await until(lambda: sender.progress().durable > 0)
            with source.open("r+b") as file:
                file.write(b"changed")
            failed = await running
            assert failed.code == "source-changed"
            assert sender.error.code is ErrorCode.SOURCE_CHANGED
            assert ends.published() == {}

    run(go())


def test_a_receiver_that_lost_what_it_had_gets_it_again(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", SIZE)
            sender = ends.sender(source, **SLOW)
            running = asyncio.ensure_future(sender.run())
            await until(lambda: sender.progress().durable > SIZE // 4)
            ends.receiver._running[next(iter(ends.receiver._running))].supersede()
            await until(lambda: bool(ends.ended))
            shutil.rmtree(tmp_path / "there" / ".dwcp" / "incoming")
            done = await running
            assert whole(done)
            assert done.resumed == 0
            assert ends.published() == {"disk.img": source.read_bytes()}

    run(go())


def test_what_an_earlier_connection_of_the_same_run_sent_is_not_counted_as_resumed(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", SIZE)
            sender = ends.sender(source, **SLOW)
            running = asyncio.ensure_future(sender.run())
            await until(lambda: sender.progress().durable > SIZE // 4)
            ends.receiver._running[next(iter(ends.receiver._running))].supersede()
            done = await running
            assert whole(done)
            assert done.resumed == 0
            assert done.durable == SIZE

    run(go())


def test_two_senders_of_one_file_to_one_name_both_end_and_the_file_is_whole(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", SIZE)
            both = await asyncio.gather(ends.send(source, level=0), ends.send(source, level=0))
            assert all(whole(one) for one in both)
            assert ends.published() == {"disk.img": source.read_bytes()}

    run(go())


def test_of_two_files_for_one_name_the_second_waits_until_the_first_is_there(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            first = image(tmp_path / "first.img", SIZE)
            second = image(tmp_path / "second.img", SIZE, seed=2)
            sender = ends.sender(first, "disk.img", **SLOW)
            running = asyncio.ensure_future(sender.run())
            await until(lambda: sender.progress().durable > 0)
            late = asyncio.ensure_future(ends.send(second, "disk.img"))
            assert whole(await running)
            assert whole(await late)
            assert ends.published() == {"disk.img": second.read_bytes()}
            assert any(problem.code is ErrorCode.BUSY for problem in ends.reported)

    run(go())


def test_a_receiver_that_drains_ends_what_runs_and_begins_nothing(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", SIZE)
            sender = ends.sender(source, **SLOW)
            running = asyncio.ensure_future(sender.run())
            await until(lambda: sender.progress().durable > 0)
            ends.receiver.drain()
            refused = await ends.send(source, "other.img", patience=0.0)
            assert refused.code == "draining"
            await ends.receiver.wait_idle()
            assert whole(await running)
            assert set(ends.published()) == {"disk.img"}

    run(go())


def test_a_receiver_that_is_interrupted_keeps_what_it_has_and_says_so(tmp_path):
    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", SIZE)
            sender = ends.sender(source, patience=0.0, **SLOW)
            running = asyncio.ensure_future(sender.run())
            await until(lambda: sender.progress().durable > SIZE // 4)
            ends.receiver.drain()
            await ends.receiver.interrupt()
            assert (await running).code == "draining"
            assert ends.published() == {}
        async with receiving(tmp_path / "there") as ends:
            done = await ends.send(source)
            assert whole(done)
            assert done.resumed >= sender.progress().durable

    run(go())


def test_a_receiver_that_refuses_a_block_again_and_again_ends_the_transfer(tmp_path, monkeypatch):
    monkeypatch.setattr(block_sink, "digest", lambda body: bytes(16))

    async def go():
        async with receiving(tmp_path / "there") as ends:
            failed = await ends.send(image(tmp_path / "disk.img", MIN_BLOCK))
            assert (failed.state, failed.code) == (State.FAILED, "corrupt")
            assert "refused block 0" in failed.error
            assert ends.published() == {}

    run(go())


def test_a_mistake_of_the_receiver_is_told_to_both_ends_and_no_hang(tmp_path, monkeypatch):
    def broken(self, header, body):
        raise ZeroDivisionError

    monkeypatch.setattr(BlockSink, "store", broken)

    async def go():
        async with receiving(tmp_path / "there") as ends:
            failed = await ends.send(image(tmp_path / "disk.img", MIN_BLOCK))
            assert (failed.state, failed.code) == (State.FAILED, "internal")
            await until(lambda: bool(ends.ended))
            assert [ended.code for ended in ends.ended] == ["internal"]

    run(go())


def test_a_data_stream_that_is_never_let_in_does_not_end_the_transfer(tmp_path, monkeypatch):
    from dwcp_runtime.transport import send_stream

    monkeypatch.setattr(send_stream, "GREETING_TIMEOUT", 0.2)
    attach = Receiver._attach
    deaf = [True]

    async def once(self, link, attached):
        if deaf:
            deaf.clear()
            await asyncio.sleep(5)
        await attach(self, link, attached)

    monkeypatch.setattr(Receiver, "_attach", once)

    async def go():
        async with receiving(tmp_path / "there") as ends:
            assert whole(await ends.send(image(tmp_path / "disk.img", SIZE), streams=(1, 1)))

    run(go())


def test_a_transfer_longer_than_the_silence_that_is_borne_is_not_interrupted(tmp_path, monkeypatch):
    monkeypatch.setattr(link, "PING", 0.1)
    monkeypatch.setattr(link, "SILENCE", 0.4)
    # A receiver that reports often keeps the sender from ever asking for a sign of life.
    monkeypatch.setattr(incoming, "REPORT", 0.02)

    async def go():
        async with receiving(tmp_path / "there") as ends:
            source = image(tmp_path / "disk.img", 1 << 20)
            done = await ends.send(source, level=0, rate_limit=4_000_000, streams=(1, 1))
            assert whole(done)
            assert done.resent == 0
            assert [ended.state for ended in ends.ended] == [State.DONE]
            assert not ends.reported

    run(go())


def test_transfers_that_come_together_share_the_memory_of_one_and_all_arrive(tmp_path):
    block = 1 << 20

    async def go():
        async with receiving(tmp_path / "there", streams=2) as ends:
            budget = ends.receiver._budget
            bound = (2 + incoming.WORKING) * block
            sources = [image(tmp_path / f"{number}.img", 2 * block, seed=number) for number in range(9)]
            many = {"block_size": block, "level": 0, "rate_limit": 80_000_000, "patience": 15.0}
            sending = [asyncio.ensure_future(ends.send(source, **many)) for source in sources]
            most = 0
            while not all(one.done() for one in sending):
                held = sum(one._pool.bound for one in ends.receiver._running.values())
                assert held <= budget.taken <= bound
                most = max(most, budget.taken)
                await asyncio.sleep(0.005)
            assert all(whole(one.result()) for one in sending)
            # One alone has half of all.
            assert most > bound // 2
            await until(lambda: budget.taken == 0)
            assert ends.published() == {source.name: source.read_bytes() for source in sources}

    run(go())
