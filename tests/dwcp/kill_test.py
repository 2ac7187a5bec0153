"""kill -9 of either end, over and over: nothing is lost, nothing is visible half-done, and only what was not
on the receiver's disk goes again."""

import asyncio
import random

import pytest

from tests.dwcp.processes import Receiving, Sending, run, send, until
from tests.dwcp.proxy import proxied
from tests.dwcp.stage import durable

SIZE = 24
KILLS = 50
SEEDS = (1, 2)
SLOW = ("--level", "0", "--rate", "200M", "--streams", "2")
"""With a limit of the rate nothing goes twice for being late."""

GREETING = 8 << 10
"""Bytes of a connection beside its blocks: the handshake of TLS with a certificate, HELLO, OPEN or ATTACH,
FINISH, signs of life."""


def most(count, connections):
    """Bytes that a sender may need for so many bytes of blocks and so many connections: a block has a header,
    and under TLS 1.3 it goes in records that may be as short as that header."""
    return count + count // 256 + connections * GREETING


async def watch(receiver_of, name, size):
    """Look at the file as others do, again and again: it is not there, or it has its whole length."""
    while True:
        seen = receiver_of().visible()
        assert set(seen) <= {name}, seen
        assert seen.get(name, size) == size, "a file was visible half-done"
        await asyncio.sleep(0.005)


async def moment(chance, sending, proxy, left):
    """When to kill: while the sender starts, somewhere in what is left of the file, or after its last byte,
    while it is verified and published."""
    if chance.random() < 0.2:
        await asyncio.sleep(chance.uniform(0, 0.7))
        return
    goal = proxy.up + chance.uniform(0, left)
    await until(lambda: not sending.running or proxy.up > goal, "bytes on their way")
    await asyncio.sleep(chance.uniform(0, 0.3))


@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_is_killed_whenever_the_file_arrives_whole_and_nothing_goes_twice_that_was_safe(
    tmp_path, image, here, there, seed
):
    chance = random.Random(seed)
    folder = tmp_path / "there"
    rounds = []

    async def one_file(number, kills, proxy, ends):
        name = f"{number}.img"
        source = image(SIZE, seed=100 * seed + number, name=name)
        size = source.stat().st_size
        for path in folder.glob("*.img"):
            path.unlink()
        watching = asyncio.ensure_future(watch(lambda: ends["receiver"], name, size))
        sending = await Sending.start(source, proxy.port, name, *SLOW, tls=here)
        safe, first, runs = 0, len(proxy.passages), []
        while kills and sending.running:
            await moment(chance, sending, proxy, size - safe)
            if not sending.running:
                break
            kills -= 1
            victim = chance.choice(("sender", "receiver"))
            if victim == "sender":
                await sending.kill()
            else:
                await ends["receiver"].kill()
            runs.append((safe, first, len(proxy.passages)))
            # In this order: the journal goes after the file is there.
            kept = durable(folder, name)
            safe, first = size if (folder / name).exists() else kept, len(proxy.passages)
            rounds.append((victim, safe))
            if victim == "sender":
                sending = await Sending.start(source, proxy.port, name, *SLOW, tls=here)
            else:
                ends["receiver"] = await Receiving.start(folder, tls=there, port=proxy.target)
        done = await sending.outcome()
        assert (done.code, done.report.get("state")) == (0, "done"), done
        runs.append((safe, first, len(proxy.passages)))
        for had, begin, end in runs:
            # Of its own connections: what the kernel of a killed sender still delivers is not sent again.
            sent = sum(passage.up for passage in proxy.passages[begin:end])
            assert sent <= most(size - had, end - begin), runs
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert watching.cancelled(), watching
        assert (folder / name).read_bytes() == source.read_bytes()
        return kills

    async def scenario():
        ends = {"receiver": await Receiving.start(folder, tls=there)}
        async with proxied(ends["receiver"].port) as proxy:
            left, number = KILLS // len(SEEDS), 0
            while left:
                number += 1
                portion = min(left, 7)
                left -= portion - await one_file(number, portion, proxy, ends)
        await until(
            lambda: not [path for path in ends["receiver"].staged() if path.suffix == ".part"], "gone"
        )
        assert await ends["receiver"].stop() == 0
        # The kills hit both ends, and most of them while a file was on its way.
        assert {victim for victim, _ in rounds} == {"sender", "receiver"}
        assert sum(0 < safe < SIZE << 20 for _, safe in rounds) >= len(rounds) // 3

    run(scenario())


def test_a_receiver_killed_while_it_publishes_needs_nothing_again(tmp_path, image, here, there):
    async def scenario():
        folder = tmp_path / "there"
        source = image(8)
        receiver = await Receiving.start(folder, tls=there)
        async with proxied(receiver.port) as proxy:
            sending = await Sending.start(source, proxy.port, "disk.img", "--level", "0", tls=here)
            await until(receiver.visible, "the file under its name")
            await receiver.kill()
            first = len(proxy.passages)
            receiver = await Receiving.start(folder, tls=there, port=proxy.target)
            done = await sending.outcome()
            assert done.code == 0
            later = proxy.passages[first:]
            assert sum(passage.up for passage in later) <= most(0, len(later))
            assert done.report["resent"] == done.report["duplicated"]
            again = await send(source, proxy.port, "disk.img", tls=here)
            assert (again.code, again.report["wire"]) == (0, 0)
            assert await receiver.stop() == 0
        assert (folder / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())
