"""Bits that change on the way, on connections without TLS: found by the tags, told, tried again."""

import random

import pytest

from dwcp_runtime.transport.limits import PREAMBLE
from tests.dwcp.processes import receiving, run, send, until
from tests.dwcp.proxy import proxied


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_flipped_bits_are_found_and_the_file_arrives_whole(tmp_path, image, seed):
    chance = random.Random(seed)
    flipped = []

    def change(passage, offset, data):
        # The preamble has no tag; damage there looks like another protocol.
        if offset < PREAMBLE or len(flipped) >= 12 or chance.random() > 0.02:
            return data
        flipped.append(passage)
        damaged = bytearray(data)
        damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return bytes(damaged)

    async def scenario():
        source = image(24)
        async with receiving(tmp_path / "there") as receiver, proxied(receiver.port) as proxy:
            proxy.change = change
            done = await send(source, proxy.port, "disk.img", "--level", "0", "--streams", "4")
            assert (done.code, done.report["durable"]) == (0, source.stat().st_size)
            assert len(flipped) >= 3
            await until(lambda: len(receiver.said) >= len(set(flipped)) // 2, "complaints")
            known = ("the tag does not fit", "allowed", "must be", "a stream from 1 on", "the connection is")
            assert all(any(words in line for words in (*known, "ended", "broke")) for line in receiver.said)
            assert any("the tag does not fit" in line for line in receiver.said)
            assert not any("Traceback" in line for line in receiver.said)
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())


def test_bits_that_flip_under_tls_end_the_stream_and_not_the_transfer(tmp_path, image, here, there):
    left = [5]

    def change(passage, offset, data):
        if offset < 100_000 or not left[0]:
            return data
        left[0] -= 1
        damaged = bytearray(data)
        damaged[len(data) // 2] ^= 1
        return bytes(damaged)

    async def scenario():
        source = image(16)
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            proxy.change = change
            done = await send(source, proxy.port, "disk.img", "--level", "0", "--streams", "3", tls=here)
            assert (done.code, left) == (0, [0])
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())
