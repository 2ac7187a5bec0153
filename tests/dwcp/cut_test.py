"""Connections that break, in every way that a network has."""

import asyncio

from tests.dwcp.processes import Sending, receiving, run, send, until
from tests.dwcp.proxy import proxied
from tests.dwcp.stage import durable

MIB = 1 << 20
IN_THE_KERNEL = 4 * MIB
"""Bytes of a stream that the sender's kernel had taken and not sent: what tcp_wmem allows a socket."""

SLOW = ("--level", "0", "--rate", "80M")


async def passed(proxy, count):
    """Until that many bytes have come from the sender."""
    await until(lambda: proxy.up > count, f"{count} bytes from the sender")


def test_a_transfer_says_nothing_but_that_it_is_done(tmp_path, image, here, there):
    async def scenario():
        source = image(16)
        async with receiving(tmp_path / "there", tls=there) as receiver:
            done = await send(source, receiver.port, "a/disk.img", tls=here)
            assert (done.code, done.report["state"]) == (0, "done")
            assert "whole and verified" in done.said
            assert len(done.said.splitlines()) == 1
            await until(lambda: receiver.ended, "the receiver's report")
            assert receiver.ended[0]["state"] == "done"
        assert receiver.said == []
        assert (tmp_path / "there" / "a" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())


def test_a_cut_stream_costs_its_own_blocks_and_the_transfer_goes_on(tmp_path, image, here, there):
    async def scenario():
        source = image(24)
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            sending = await Sending.start(source, proxy.port, "disk.img", *SLOW, "--streams", "3", tls=here)
            for cut in range(1, 6):
                await passed(proxy, cut * 3 * MIB)
                victims = proxy.data()
                victims[cut % len(victims)].cut()
            done = await sending.outcome()
            assert (done.code, done.report["durable"]) == (0, len(source.read_bytes()))
            await until(lambda: receiver.ended, "the report")
            # The connection that controls the transfer was never cut.
            assert [ended["state"] for ended in receiver.ended] == ["done"]
            assert done.report["resent"] < source.stat().st_size // 2
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())


def test_a_stream_of_which_only_the_sender_lost_sight_is_replaced(tmp_path, image, here, there):
    async def scenario():
        source = image(16)
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            sending = await Sending.start(source, proxy.port, "disk.img", *SLOW, "--streams", "1", tls=here)
            for cut in range(1, 4):
                await passed(proxy, cut * 3 * MIB)
                (victim,) = proxy.data()
                victim.cut_client()
            done = await sending.outcome()
            assert (done.code, done.report["code"]) == (0, None)
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())


def test_when_all_connections_are_cut_the_transfer_comes_back_and_resends_what_was_lost(
    tmp_path, image, here, there
):
    async def scenario():
        source = image(24)
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            sending = await Sending.start(source, proxy.port, "disk.img", *SLOW, tls=here)
            lost = 0
            for cut in range(1, 4):
                await passed(proxy, cut * 4 * MIB)
                sent, streams = proxy.up, proxy.cut() - 1
                assert streams > 0
                lost += sent - durable(receiver.folder, "disk.img") + streams * IN_THE_KERNEL
                proxy.down = True
                await asyncio.sleep(0.3)
                proxy.down = False
            done = await sending.outcome()
            assert (done.code, done.report["durable"]) == (0, source.stat().st_size)
            assert done.report["resumed"] == 0
            assert 0 < done.report["resent"] <= lost
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())


def test_the_number_of_streams_may_change_from_one_run_to_the_next(tmp_path, image, here, there):
    async def scenario():
        source = image(16)
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            sending = await Sending.start(source, proxy.port, "disk.img", *SLOW, "--streams", "1", tls=here)
            await passed(proxy, 6 * MIB)
            await sending.kill()
            await until(lambda: receiver.ended, "the end of the first run")
            done = await send(source, proxy.port, "disk.img", "--level", "0", "--streams", "7", tls=here)
            assert done.code == 0
            assert done.report["resumed"] == receiver.ended[0]["durable"] > 0
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())
