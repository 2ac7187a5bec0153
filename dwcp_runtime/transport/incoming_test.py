import asyncio

from dwcp_runtime.encoding.block_digest import digest, root
from dwcp_runtime.transport.capabilities import Offer
from dwcp_runtime.transport.conftest import run
from dwcp_runtime.transport.ends_for_tests import random_bytes, receiving
from dwcp_runtime.transport.frame_codec import encode_block
from dwcp_runtime.transport.frames import (
    Attach,
    Attached,
    BlockHeader,
    Codec,
    Finish,
    Finished,
    Open,
    Opened,
)
from dwcp_runtime.transport.lane import Lane
from dwcp_runtime.transport.limits import MIN_BLOCK
from dwcp_runtime.transport.link import Link, greet
from dwcp_runtime.transport.staging import Staging

TRANSFER = bytes(range(16))


async def connect(ends, lane, first, *, stream=0):
    channel = await ends.dial()
    link = Link(channel, await greet(channel, Offer(), initiator=True), lane, stream=stream)
    await link.send(first)
    return link


async def control(ends, size):
    """A control connection whose transfer is open, and the token for the others."""
    wanted = Open(transfer=TRANSFER, size=size, block_size=MIN_BLOCK, mode=0o600, name="disk.img")
    link = await connect(ends, Lane.CONTROL_FROM_RECEIVER, wanted)
    return link, (await link.expect(Opened)).token


async def data(ends, token):
    link = await connect(ends, Lane.DATA_FROM_RECEIVER, Attach(transfer=TRANSFER, token=token), stream=1)
    await link.expect(Attached)
    return link


async def send(link, index, content):
    header = BlockHeader(index=index, codec=Codec.RAW, raw_length=len(content), digest=digest(content))
    await link.channel.send(encode_block(link.stream, header, [content]), content)


async def finished(link):
    """FINISHED, whatever is reported before it."""
    while not isinstance(frame := (await link.hear()).frame, Finished):
        pass
    return frame


def whole_of(content):
    blocks = [content[at : at + MIN_BLOCK] for at in range(0, len(content), MIN_BLOCK)]
    return blocks, root(len(content), MIN_BLOCK, b"".join(digest(block) for block in blocks))


def test_a_finish_that_overtakes_the_last_block_is_answered_when_that_is_there(tmp_path):
    content = random_bytes(3 * MIN_BLOCK)
    blocks, expected = whole_of(content)

    async def go():
        async with receiving(tmp_path / "there") as ends:
            link, token = await control(ends, len(content))
            stream = await data(ends, token)
            for index in (0, 1):
                await send(stream, index, blocks[index])
            await link.send(Finish(root=expected))
            answer = asyncio.ensure_future(finished(link))
            await asyncio.sleep(0.1)
            assert ends.published() == {}
            assert not answer.done()
            await send(stream, 2, blocks[2])
            assert await answer == Finished(root=expected)
            assert ends.published() == {"disk.img": content}
            for each in (link, stream):
                each.channel.close()

    run(go())


def test_a_block_that_comes_while_the_file_gets_its_name_changes_nothing(tmp_path, monkeypatch):
    content, other = random_bytes(MIN_BLOCK), random_bytes(MIN_BLOCK, seed=2)
    _, expected = whole_of(content)
    publish, publishing, sent = Staging.publish, asyncio.Event(), asyncio.Event()

    async def go():
        loop = asyncio.get_running_loop()

        def slowly(self, root):
            loop.call_soon_threadsafe(publishing.set)
            asyncio.run_coroutine_threadsafe(sent.wait(), loop).result()
            return publish(self, root)

        monkeypatch.setattr(Staging, "publish", slowly)
        async with receiving(tmp_path / "there") as ends:
            link, token = await control(ends, len(content))
            stream = await data(ends, token)
            await link.send(Finish(root=expected))
            await send(stream, 0, content)
            await publishing.wait()
            await send(stream, 0, other)
            await asyncio.sleep(0.1)
            sent.set()
            await finished(link)
            assert ends.published() == {"disk.img": content}
            for each in (link, stream):
                each.channel.close()

    run(go())
