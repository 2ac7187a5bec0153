import asyncio

import pytest

from dwcp_runtime.transport import link as link_module
from dwcp_runtime.transport import preamble
from dwcp_runtime.transport.capabilities import ALL, Agreement, Offer
from dwcp_runtime.transport.conftest import run, tcp_pair
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frame_codec import encode
from dwcp_runtime.transport.frames import Cancel, Have, Hello, Ping
from dwcp_runtime.transport.lane import Lane
from dwcp_runtime.transport.limits import MAX_BLOCK
from dwcp_runtime.transport.link import Link, greet
from dwcp_runtime.transport.plain_channel import PlainChannel


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(link_module, "PING", 0.02)
    monkeypatch.setattr(link_module, "SILENCE", 0.1)


def pair():
    agreement = Agreement(capabilities=ALL, max_block=MAX_BLOCK, max_streams=1)
    left, right = tcp_pair()
    return Link(PlainChannel(left), agreement, Lane.CONTROL_FROM_RECEIVER), PlainChannel(right)


def test_a_peer_that_says_nothing_is_asked_and_then_given_up(impatient):
    async def go():
        link, peer = pair()
        with pytest.raises(DwcpError) as failure:
            await link.hear()
        assert failure.value.code is ErrorCode.TIMEOUT
        asked = bytearray(len(encode(Ping(nonce=0))))
        await peer.read_into(memoryview(asked))
        assert asked == encode(Ping(nonce=0))
        link.channel.close()
        peer.close()

    run(go())


def test_a_peer_that_says_anything_now_and_then_is_waited_for(impatient):
    async def go():
        link, peer = pair()

        async def murmur():
            # Half a frame is no event, but its bytes are a sign of life.
            for byte in encode(Cancel()):
                await asyncio.sleep(0.05)
                await peer.send(bytes([byte]))

        murmuring = asyncio.ensure_future(murmur())
        assert (await link.hear()).frame == Cancel()
        await murmuring
        link.channel.close()
        peer.close()

    run(go())


def test_a_peer_that_reads_nothing_fails_who_sends_to_it(impatient):
    async def go():
        link, peer = pair()
        with pytest.raises(DwcpError) as failure:
            while True:
                await link.send(Have(entries=[(0, bytes(16))] * 4096))
        assert failure.value.code is ErrorCode.TIMEOUT
        link.channel.close()
        peer.close()

    run(go())


def test_a_side_that_is_at_work_gives_signs_of_life_and_asks_for_none(impatient):
    async def go():
        link, peer = pair()
        assert await link.meanwhile(asyncio.sleep(0.3, "done")) == "done"
        heard = bytearray(5 * len(encode(Ping(nonce=0))))
        await peer.read_into(memoryview(heard))
        link.channel.close()
        peer.close()

    run(go())


def test_the_first_frame_goes_behind_hello_without_a_word_of_the_peer():
    async def go():
        left, right = (PlainChannel(sock) for sock in tcp_pair())
        offer = Offer()
        greeting = asyncio.ensure_future(greet(left, offer, initiator=True, first=Cancel()))
        hello = Hello(
            capabilities=int(offer.capabilities), max_block=offer.max_block, max_streams=offer.max_streams
        )
        expected = preamble.encode(preamble.SPOKEN) + encode(hello) + encode(Cancel())
        heard = bytearray(len(expected))
        await right.read_into(memoryview(heard))
        assert heard == expected
        await right.send(preamble.encode(preamble.SPOKEN) + encode(hello))
        assert (await greeting).max_block == offer.max_block
        left.close()
        right.close()

    run(go())
