"""A channel that speaks frames."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from dwcp_runtime.transport.capabilities import Agreement, Offer
from dwcp_runtime.transport.channel import Channel
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frame_codec import encode
from dwcp_runtime.transport.frame_decoder import Event, FrameArrived, FrameDecoder
from dwcp_runtime.transport.frames import Error, Frame, Ping
from dwcp_runtime.transport.handshake import Handshake
from dwcp_runtime.transport.lane import Lane

Kind = TypeVar("Kind", bound=Frame)
T = TypeVar("T")

GREETING_TIMEOUT: Final = 10.0
"""Seconds for preamble, HELLO and the first frame: enough for a round trip around the world, several
times."""

SILENCE: Final = 30.0
"""Seconds without a byte from the peer, who is asked every `PING`, or in which it reads nothing, after which
it is taken for dead."""

PING: Final = 5.0


class Link:
    """Frames of one stream over one channel. `heard` is when anything last came, on the loop's clock."""

    def __init__(self, channel: Channel, agreement: Agreement, lane: Lane, *, stream: int = 0) -> None:
        self.channel = channel
        self.agreement = agreement
        self.stream = stream
        self.decoder = FrameDecoder(
            lane=lane, max_block=agreement.max_block, capabilities=agreement.capabilities
        )
        self._sending = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self.heard = self._loop.time()

    async def send(self, frame: Frame) -> None:
        """Send one frame; several tasks may. DwcpError `timeout` when the peer does not read it."""
        try:
            async with asyncio.timeout(SILENCE), self._sending:
                await self.channel.send(encode(frame, self.stream))
        except TimeoutError as problem:
            raise DwcpError(
                ErrorCode.TIMEOUT, f"{self.channel.peer} has read nothing for {SILENCE:g} s"
            ) from problem

    async def receive(self) -> Event | None:
        """The next event; None when the peer ended the stream between two frames. DwcpError otherwise, also
        the peer's own, as it says it."""
        while True:
            count = await self.channel.read_some(self.decoder.wanted())
            if not count:
                self.decoder.eof()
                return None
            event = self.decoder.received(count)
            self.heed(event)
            if event is not None:
                return event

    def heed(self, event: Event | None) -> None:
        """Something came, perhaps a whole event. Raises the DwcpError that the peer says."""
        self.heard = self._loop.time()
        if isinstance(event, FrameArrived) and isinstance(event.frame, Error):
            raise event.frame.to_error()

    async def hear(self) -> Event | None:
        """Like `receive`, of a peer that has to be alive: asks it for a sign of life while nothing comes.
        DwcpError `timeout` when none comes either."""
        return await self.meanwhile(self.receive(), listening=True)

    async def meanwhile(self, work: Awaitable[T], *, listening: bool = False) -> T:
        """The result of `work`, during which the peer gets signs of life, and with `listening` must give
        some."""
        waiting = asyncio.ensure_future(work)
        heard, unanswered = self.heard, 0.0
        try:
            while not (await asyncio.wait({waiting}, timeout=PING))[0]:
                # Questions are counted, not seconds: a process that was stopped itself has asked nothing.
                heard, unanswered = self.heard, 0.0 if self.heard > heard else unanswered + PING
                if listening and unanswered > SILENCE:
                    raise DwcpError(ErrorCode.TIMEOUT, f"{self.channel.peer} said nothing for {SILENCE:g} s")
                await self.send(Ping(nonce=0))
            return waiting.result()
        finally:
            if not waiting.cancel() and not waiting.cancelled():
                # A failure that came together with the end of this task is nobody's business any more.
                waiting.exception()

    async def expect(self, kind: type[Kind]) -> Kind:
        """The next frame, which must be of one kind; `closed` if the peer went instead."""
        event = await self.receive()
        if event is None:
            raise DwcpError(
                ErrorCode.CLOSED, f"{self.channel.peer} went away instead of sending {kind.__name__}"
            )
        if not isinstance(event, FrameArrived) or not isinstance(event.frame, kind):
            raise DwcpError(
                ErrorCode.MALFORMED, f"{self.channel.peer} sent something else than {kind.__name__}"
            )
        return event.frame

    async def fail(self, problem: DwcpError) -> None:
        """Tell the peer why this ends, as far as it still listens, and close."""
        if not problem.from_peer and problem.code not in (ErrorCode.CLOSED, ErrorCode.NOT_DWCP):
            try:
                async with asyncio.timeout(2.0):
                    await self.send(Error.of(problem))
            except (DwcpError, TimeoutError):
                pass
        await self.channel.shut()


async def greet(
    channel: Channel,
    offer: Offer,
    *,
    initiator: bool,
    refusal: DwcpError | None = None,
    first: Frame | None = None,
) -> Agreement:
    """Preamble and HELLO both ways; an acceptor with a `refusal` says that instead. An initiator's `first`
    frame, of stream 0, goes right behind its HELLO, without a round trip to wait for. DwcpError `not-dwcp`,
    `version`, `malformed`, `timeout`, `closed`, what the peer says, or the refusal."""
    talk = Handshake(initiator=initiator, offer=offer, refusal=refusal)
    behind = encode(first, 0) if first is not None else b""
    try:
        async with asyncio.timeout(GREETING_TIMEOUT):
            while True:
                waiting = talk.data_to_send()
                if talk.said_hello:
                    waiting, behind = waiting + behind, b""
                if waiting:
                    await channel.send(waiting)
                if talk.agreed is not None:
                    return talk.agreed.agreement
                count = await channel.read_some(talk.wanted())
                if count:
                    talk.received(count)
                else:
                    talk.eof()
    except TimeoutError as problem:
        raise DwcpError(
            ErrorCode.TIMEOUT, f"{channel.peer} said nothing for {GREETING_TIMEOUT:g} s after connecting"
        ) from problem
    except DwcpError:
        if waiting := talk.data_to_send():
            await channel.send(waiting)
        raise
