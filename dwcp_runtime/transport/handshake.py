"""The beginning of every connection: preamble and HELLO both ways, then an agreement or a typed error."""

from __future__ import annotations

from dataclasses import dataclass

from dwcp_runtime.transport import limits, preamble
from dwcp_runtime.transport.capabilities import ALL, Agreement, Capability, Offer, agree
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frame_codec import BytesLike, encode
from dwcp_runtime.transport.frame_decoder import FrameArrived, FrameDecoder
from dwcp_runtime.transport.frames import Error, Hello
from dwcp_runtime.transport.lane import Lane
from dwcp_runtime.transport.preamble import SPOKEN, Versions


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """The outcome: the version, what both may do, and what the peer said of itself."""

    version: int
    agreement: Agreement
    peer: Offer


class Handshake:
    """One side of one connection, from its first byte to the agreement.

    After construction and after every call, also one that raised, send what `data_to_send()` gives. Bytes
    come in either by `wanted()` and `received(n)`, which never read beyond the handshake, or by
    `receive(data)`, which keeps what follows in `leftover`.

    The initiator speaks first, and when it speaks one version only it says HELLO at once: a peer that agrees
    to any agrees to that one, and a round trip is saved. The acceptor answers nothing before it has seen the
    magic, since the connection may be meant for another protocol. With `refusal` the acceptor lets the peer
    say its preamble, answers with that error instead of HELLO, and raises it: a stranger learns why and
    nothing else.

    Raises `DwcpError`: not-dwcp, version, malformed, oversized, corrupt, closed, what the peer reported, or
    `refusal`; then the same again for ever.
    """

    def __init__(
        self,
        *,
        initiator: bool,
        offer: Offer,
        versions: Versions = SPOKEN,
        refusal: DwcpError | None = None,
    ) -> None:
        if offer.max_block > limits.MAX_BLOCK or offer.max_streams > limits.MAX_STREAMS:
            raise ValueError(
                f"offered are blocks of {offer.max_block} bytes and {offer.max_streams} streams, "
                f"allowed are {limits.MAX_BLOCK} and {limits.MAX_STREAMS}"
            )
        self._hello = Hello(
            capabilities=offer.capabilities,
            max_block=offer.max_block,
            max_streams=offer.max_streams,
            agent=offer.agent,
        )
        self._initiator = initiator
        self._offer = offer
        self._versions = versions
        self._refusal = refusal
        self._version: int | None = None
        self._head = memoryview(bytearray(limits.PREAMBLE))
        self._filled = 0
        self._decoder = FrameDecoder(lane=Lane.HELLO, max_block=limits.MIN_BLOCK)
        self._out = bytearray(preamble.encode(versions) if initiator else b"")
        self.said_hello = False
        """Whether HELLO was among what `data_to_send` gave or will give next: what follows it may follow."""
        if initiator and versions.lowest == versions.highest:
            self._say_hello()
        self._error: DwcpError | None = None
        self.agreed: Agreed | None = None
        self.leftover = b""

    def data_to_send(self) -> bytes:
        """What must be sent now; empty if nothing. Each byte is given once."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def wanted(self) -> memoryview:
        """Where the next bytes belong; never empty, never beyond the handshake."""
        self._check()
        return self._head[self._filled :] if self._version is None else self._decoder.wanted()

    def received(self, count: int) -> Agreed | None:
        """Says that the first `count` bytes of `wanted()` were written; gives the outcome when it stands."""
        self._check()
        try:
            if self._version is None:
                self._extend_preamble(count)
            else:
                event = self._decoder.received(count)
                if isinstance(event, FrameArrived):
                    self._end(event.frame)
        except DwcpError as error:
            self._fail(error)
            raise
        return self.agreed

    def receive(self, data: BytesLike) -> Agreed | None:
        """Takes bytes as they come; gives the outcome when it stands and keeps the rest in `leftover`."""
        rest = memoryview(data).cast("B")
        while rest:
            target = self.wanted()
            count = min(len(target), len(rest))
            target[:count] = rest[:count]
            rest = rest[count:]
            if self.received(count):
                self.leftover = bytes(rest)
                break
        return self.agreed

    def eof(self) -> None:
        """Says that the peer ended the connection: always too early. Raises `DwcpError` (closed)."""
        self._check()
        where = "before its HELLO was complete"
        if self._version is None:
            where = f"after {self._filled} of {limits.PREAMBLE} bytes of its preamble"
        self._error = DwcpError(ErrorCode.CLOSED, f"handshake: the peer ended the connection {where}")
        raise self._error

    def _check(self) -> None:
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self.agreed is not None:
            raise RuntimeError("the handshake is over; what follows belongs to a frame decoder")

    def _extend_preamble(self, count: int) -> None:
        if not 1 <= count <= limits.PREAMBLE - self._filled:
            raise ValueError(f"{count} bytes received, wanted were 1..{limits.PREAMBLE - self._filled}")
        self._filled += count
        # Another protocol's greeting may be shorter than a preamble: waiting for the rest would hang.
        if not preamble.starts_well(self._head[: self._filled]):
            raise preamble.foreign(bytes(self._head[: self._filled][:4]))
        if self._filled < limits.PREAMBLE:
            return
        if not self._initiator:
            self._out += preamble.encode(self._versions)
        theirs = preamble.parse(self._head)
        self._version = preamble.agree(self._versions, theirs)
        if self._refusal is not None:
            raise self._refusal
        if not self.said_hello:
            self._say_hello()

    def _say_hello(self) -> None:
        self._out += encode(self._hello)
        self.said_hello = True

    def _end(self, frame: object) -> None:
        if isinstance(frame, Error):
            raise frame.to_error()
        assert isinstance(frame, Hello), "the lane lets nothing else through"
        assert self._version is not None, "frames are read after the preamble"
        peer = Offer(
            capabilities=Capability(frame.capabilities & ALL),
            max_block=frame.max_block,
            max_streams=frame.max_streams,
            agent=frame.agent,
        )
        self.agreed = Agreed(version=self._version, agreement=agree(self._offer, peer), peer=peer)

    def _fail(self, error: DwcpError) -> None:
        self._error = error
        if self._version is not None and not error.from_peer:
            self._out += encode(Error.of(error))
