"""Memory of both ends: it has a bound that does not know how long the file is, nor who is slow."""

import asyncio
import os
import signal

import pytest

from dwcp_runtime.transport.limits import DEFAULT_BLOCK
from tests.dwcp.memory import peak
from tests.dwcp.processes import Sending, receiving, run, until
from tests.dwcp.proxy import proxied

MIB = 1 << 20
STREAMS = 2
WORKERS = max(2, min(8, os.cpu_count() or 1))

BUFFERS = (2 * WORKERS + 2 + STREAMS) + (2 * (os.cpu_count() or 1) + 2 + STREAMS)
"""Blocks that both ends hold at most, as `SendSession` and `Incoming` count them."""

GROWTH = 24 * MIB
"""By how much the peak of either end may differ between a file and one eight times as long. The buffers are
the same; per block there are 18 bytes in each book, which is nothing here. What is left is the allocator's
arenas of some threads, of which not all were busy with the short file."""

BOUND = 96 * MIB + BUFFERS * DEFAULT_BLOCK
"""The peak of either end: interpreter and libraries take some 75 MiB, the rest is buffers, the encoder's own
memory for each thread included."""


async def transfer(source, receiver, name, tls, *options):
    """Send, and the peaks of sender and receiver."""
    sending = await Sending.start(source, receiver.port, name, "--streams", f"{STREAMS}", *options, tls=tls)
    mine = 0
    while sending.running:
        try:
            mine = max(mine, peak(sending.process.pid))
        except ProcessLookupError:
            break
        await asyncio.sleep(0.02)
    done = await sending.outcome()
    assert done.code == 0, done
    return mine, peak(receiver.process.pid)


@pytest.mark.parametrize("level", ["0", "3"])
def test_the_peak_of_both_ends_does_not_grow_with_the_file(tmp_path, image, here, there, level):
    async def scenario():
        peaks = []
        for mebibytes in (32, 256):
            source = image(mebibytes, name=f"{mebibytes}.img")
            async with receiving(tmp_path / f"{mebibytes}", tls=there) as receiver:
                peaks.append(await transfer(source, receiver, "disk.img", here, "--level", level))
        (short_sender, short_receiver), (long_sender, long_receiver) = peaks
        assert long_sender - short_sender < GROWTH, peaks
        assert long_receiver - short_receiver < GROWTH, peaks
        assert max(long_sender, long_receiver) < BOUND, peaks

    run(scenario())


def test_a_receiver_that_does_not_read_does_not_make_the_sender_grow(tmp_path, image, here, there):
    async def scenario():
        source = image(256)
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            sending = await Sending.start(
                source, proxy.port, "disk.img", "--level", "0", "--streams", f"{STREAMS}", tls=here
            )
            await until(lambda: proxy.up > 16 * MIB, "the beginning of the transfer")
            before = peak(sending.process.pid)
            receiver.signal(signal.SIGSTOP)
            count, still = -1, 0
            while still < 10:
                still = still + 1 if proxy.up == count else 0
                count = proxy.up
                await asyncio.sleep(0.1)
            assert count < source.stat().st_size
            assert peak(sending.process.pid) - before < GROWTH
            receiver.signal(signal.SIGCONT)
            assert (await sending.outcome()).code == 0

    run(scenario())
