"""Peers with the right certificate and the worst intentions, and those without."""

import asyncio
import contextlib
import socket
import struct

import pytest

from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frame_codec import encode
from dwcp_runtime.transport.frames import (
    Answer,
    BlockHeader,
    Finish,
    Finished,
    Opened,
    Ping,
    Query,
    Resend,
    Zeros,
)
from dwcp_runtime.transport.limits import MIN_BLOCK
from tests.dwcp.hostile import attached, channel, ended, greeted, opened, send_block, wanted
from tests.dwcp.memory import peak
from tests.dwcp.processes import receiving, run, send, until

MIB = 1 << 20
CALM = 40 * MIB
"""Bytes by which a receiver may grow under attack: the buffers of one small transfer, a mebibyte of answers,
and what the allocator keeps. A peer that could name its own amount would take much more."""


async def survives(receiver, image, tls):
    """The receiver still serves everybody else."""
    source = image(2, name="after.img")
    done = await send(source, receiver.port, "after.img", tls=tls)
    assert done.code == 0, done
    assert (receiver.folder / "after.img").read_bytes() == source.read_bytes()
    assert not any("Traceback" in line or "Error(" in line for line in receiver.said), receiver.said


NAMES = [
    "../escaped",
    "a/../../escaped",
    "/etc/escaped",
    "a//b",
    "a/./b",
    ".dwcp/incoming/x",
    ".dwcp",
    "..",
    "a/",
    "nul\0",
    "line\nfeed",
    "x" * 256,
]


def test_no_name_leads_out_of_the_folder_or_into_the_receivers_own(tmp_path, image, here, there):
    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            for name in NAMES:
                link = await greeted(receiver.port, here)
                await link.send(wanted(name=name, size=0))
                with pytest.raises(DwcpError) as refused:
                    await link.expect(Opened)
                assert (refused.value.code, refused.value.from_peer) == (ErrorCode.BAD_NAME, True), name
                link.channel.close()
            assert receiver.visible() == {}
            await survives(receiver, image, here)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["after.img", "there"]

    run(scenario())


def test_a_folder_that_is_a_link_is_not_followed(tmp_path, here, there):
    async def scenario():
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "there").mkdir()
        (tmp_path / "there" / "link").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "disk.img").write_bytes(b"content")
        async with receiving(tmp_path / "there", tls=there) as receiver:
            refused = await send(tmp_path / "disk.img", receiver.port, "link/disk.img", tls=here)
            assert (refused.code, refused.report["code"]) == (2, "bad-name")
        assert list((tmp_path / "elsewhere").iterdir()) == []

    run(scenario())


def test_lengths_that_nobody_may_name_are_refused_before_memory_is_taken(tmp_path, image, here, there):
    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            await survives(receiver, image, here)
            before = peak(receiver.process.pid)
            for kind in range(256):
                link = await greeted(receiver.port, here)
                await link.channel.send(struct.pack(">BBHIQ", kind, 0, 0, 0xFFFF_FFFF, 0))
                assert await ended(link)
                link.channel.close()
            for size in (2**63 - 1, 2**50, 2**41):
                link = await greeted(receiver.port, here)
                await link.send(wanted(size=size))
                with pytest.raises(DwcpError):
                    await link.expect(Opened)
                link.channel.close()
            link, answer = await opened(receiver.port, here)
            data = await attached(receiver.port, here, answer)
            await data.channel.send(struct.pack(">BBHIQ", BlockHeader.TYPE, 0, 1, 32 + 8 * MIB, 0))
            assert await ended(data)
            link.channel.close()
            await survives(receiver, image, here)
            assert peak(receiver.process.pid) - before < CALM

    run(scenario())


def test_blocks_zeros_and_questions_outside_of_the_file_are_malformed(tmp_path, image, here, there):
    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            link, answer = await opened(receiver.port, here)
            for number, (frame, index) in enumerate(
                [(Zeros(start=0, count=5), 0), (Zeros(start=2**40, count=1), 0), (None, 4), (None, 2**62)], 1
            ):
                data = await attached(receiver.port, here, answer, number=number)
                if frame is None:
                    await send_block(data, index, bytes(MIN_BLOCK))
                else:
                    await data.send(frame)
                with pytest.raises(DwcpError) as refused:
                    await data.receive()
                assert refused.value.code is ErrorCode.MALFORMED
                data.channel.close()
            await link.send(Query(index=4, fingerprints=(1,)))
            with pytest.raises(DwcpError) as refused:
                while True:
                    await link.receive()
            assert refused.value.code is ErrorCode.MALFORMED
            link.channel.close()
            await survives(receiver, image, here)

    run(scenario())


def test_content_that_is_not_what_its_digest_says_is_asked_for_again_and_never_published(
    tmp_path, image, here, there
):
    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            link, answer = await opened(receiver.port, here)
            data = await attached(receiver.port, here, answer)
            await send_block(data, 0, b"a" * MIN_BLOCK, promised=b"b" * MIN_BLOCK)
            while not isinstance((event := await link.receive()).frame, Resend):
                pass
            assert event.frame.index == 0
            # FINISH waits for what is missing, so that only a whole file has a root to be compared.
            await link.send(Finish(root=bytes(32)))
            assert receiver.visible() == {}
            for index in range(4):
                await send_block(data, index, b"a" * MIN_BLOCK)
            with pytest.raises(DwcpError) as refused:
                while True:
                    await link.receive()
            assert refused.value.code is ErrorCode.ROOT_MISMATCH
            assert receiver.visible() == {}
            for one in (link, data):
                one.channel.close()
            await survives(receiver, image, here)

    run(scenario())


def test_a_token_that_was_guessed_opens_nothing(tmp_path, image, here, there):
    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            link, answer = await opened(receiver.port, here)
            guess = Opened(transfer=answer.transfer, token=bytes(16), streams=1)
            with pytest.raises(DwcpError) as refused:
                await attached(receiver.port, here, guess)
            assert refused.value.code is ErrorCode.UNKNOWN_TRANSFER
            with pytest.raises(DwcpError) as refused:
                await attached(receiver.port, here, answer, number=513)
            assert refused.value.code is ErrorCode.LIMIT
            link.channel.close()
            await survives(receiver, image, here)

    run(scenario())


def test_a_flood_of_questions_is_answered_at_the_pace_at_which_the_answers_are_read(
    tmp_path, image, here, there
):
    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            await survives(receiver, image, here)
            before = peak(receiver.process.pid)
            link, _ = await opened(receiver.port, here, size=4096 * MIN_BLOCK)

            async def flood(count):
                for number in range(count):
                    await link.send(Query(index=number % 4096, fingerprints=tuple(range(16))))

            flooding = asyncio.ensure_future(flood(4_000))
            answers = 0
            while answers < 4_000:
                event = await link.receive()
                answers += isinstance(event.frame, Answer)
            await flooding
            # And now without reading a single answer.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    await flood(10**9)
            await survives(receiver, image, here)
            assert peak(receiver.process.pid) - before < CALM
            link.channel.close()

    run(scenario())


GARBAGE = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01" + bytes(200),
    bytes(4096),
    b"DWCP\xff\x00\x00\x00",
    b"DWCP\x01\x01\x00\x00" + b"\xff" * 4096,
    b"DWCP\x01\x01\x00\x00" + encode(Ping(nonce=1)) * 100,
]


@pytest.mark.parametrize("safe", [True, False], ids=["tls", "plain"])
def test_garbage_ends_the_connection_that_it_came_by_and_nothing_else(tmp_path, image, here, there, safe):
    tls = here if safe else None

    async def scenario():
        async with receiving(tmp_path / "there", tls=there if safe else None) as receiver:
            for words in GARBAGE:
                stranger = await channel(receiver.port, tls)
                with contextlib.suppress(DwcpError):
                    await stranger.send(words)
                await ended(stranger)
                stranger.close()
            # And before TLS.
            for words in GARBAGE:
                with socket.create_connection(("127.0.0.1", receiver.port)) as raw:
                    raw.sendall(words)
            await survives(receiver, image, tls)

    run(scenario())


def test_who_speaks_too_slowly_is_ended_while_others_are_served(tmp_path, image, here, there):
    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            slow = await channel(receiver.port, here)
            never = socket.create_connection(("127.0.0.1", receiver.port))

            async def drip():
                with contextlib.suppress(DwcpError):
                    for byte in b"DWCP" + bytes(1 << 20):
                        await slow.send(bytes([byte]))
                        await asyncio.sleep(0.4)

            dripping = asyncio.ensure_future(drip())
            await survives(receiver, image, here)
            await ended(slow)
            dripping.cancel()
            await until(lambda: len(receiver.said) >= 2, "the end of both")
            assert any("took more than 10 s" in line for line in receiver.said)
            slow.close()
            never.close()

    run(scenario())


def test_who_opens_a_transfer_and_says_nothing_more_leaves_room_for_others(tmp_path, image, here, there):
    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            silent = [
                await opened(receiver.port, here, name=f"{n}", transfer=bytes([n]) * 16) for n in range(8)
            ]
            await survives(receiver, image, here)
            for link, _ in silent:
                link.channel.close()
            await until(lambda: len(receiver.ended) >= 9, "the end of every transfer")
            assert set(receiver.visible()) == {"after.img"}

    run(scenario())


def test_a_second_open_of_a_running_transfer_ends_the_first(tmp_path, here, there):
    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            first, answer = await opened(receiver.port, here, size=MIN_BLOCK)
            data = await attached(receiver.port, here, answer)
            await send_block(data, 0, b"a" * MIN_BLOCK)
            second, again = await opened(receiver.port, here, size=MIN_BLOCK)
            assert again.token != answer.token
            # What the first had sent is kept.
            assert again.have == 1
            with pytest.raises(DwcpError) as refused:
                await attached(receiver.port, here, answer)
            assert refused.value.code is ErrorCode.UNKNOWN_TRANSFER
            for link in (first, second, data):
                link.channel.close()

    run(scenario())


def test_the_hostile_peers_of_these_tests_can_also_behave(tmp_path, here, there):
    from dwcp_runtime.encoding.block_digest import digest, root

    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            link, answer = await opened(receiver.port, here)
            data = await attached(receiver.port, here, answer)
            for index in range(4):
                await send_block(data, index, bytes([index]) * MIN_BLOCK)
            content = b"".join(bytes([index]) * MIN_BLOCK for index in range(4))
            digests = b"".join(digest(bytes([index]) * MIN_BLOCK) for index in range(4))
            await asyncio.sleep(0.5)
            await link.send(Finish(root=root(len(content), MIN_BLOCK, digests)))
            while not isinstance((await link.receive()).frame, Finished):
                pass
            assert (tmp_path / "there" / "x").read_bytes() == content
            for one in (link, data):
                one.channel.close()

    run(scenario())
