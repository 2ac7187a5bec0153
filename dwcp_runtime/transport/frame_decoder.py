"""From bytes to frames, without a socket and without a copy of a body.

The caller asks `wanted()` where the next bytes go, lets the socket write there, and says `received(n)`. At
most one event comes of each call, because `wanted()` never reaches beyond the frame at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

import xxhash

from dwcp_runtime.transport import limits
from dwcp_runtime.transport.capabilities import ALL, Capability
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frame_codec import COVERED, BytesLike, tag_of
from dwcp_runtime.transport.frames import Attach, BlockHeader, Error, Frame, Open
from dwcp_runtime.transport.lane import CODEC_NEEDS, DECIDES, FRAME_NEEDS, MAY_ARRIVE, Lane
from dwcp_runtime.transport.payloads import LAYOUTS, parse_block_header

_HEAD: Final = limits.HEADER + limits.BLOCK_HEADER


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameArrived:
    """A whole frame, its tag verified."""

    stream: int
    frame: Frame


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockStarted:
    """The head of a BLOCK. Nothing of it is verified yet but its bounds; `provide` a buffer for the body."""

    stream: int
    header: BlockHeader
    body_length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockArrived:
    """A whole BLOCK, its tag verified; `body` is the buffer that was provided."""

    stream: int
    header: BlockHeader
    body: memoryview


Event = FrameArrived | BlockStarted | BlockArrived


class _Phase(Enum):
    HEADER = "frame header"
    PAYLOAD = "payload"
    BLOCK_HEADER = "block header"
    NO_BODY = "body, no buffer yet"
    BODY = "body"


class FrameDecoder:
    """Reads one direction of one connection after its preamble.

    `max_block` bounds the decoded content of a block, and so its body, in bytes: the agreed one, or the block
    size of the transfer once that is known. What the decoder itself buffers is bounded by the longest frame
    that the lane allows.

    Raises `DwcpError` (malformed, oversized, corrupt, closed) and then the same again for ever. What is wrong
    in a header, whose tag cannot be checked without the payload, may be damage of the line and is retryable;
    what is wrong under a tag that holds was meant by the peer and is not.
    """

    def __init__(self, *, lane: Lane, max_block: int, capabilities: Capability = ALL) -> None:
        self._enter(lane)
        self.max_block = max_block
        self.capabilities = capabilities
        # Flags and enumerations are slow to combine and to look up: once here, not with every block.
        self._codecs = frozenset(
            codec for codec, needed in CODEC_NEEDS.items() if not needed or needed & capabilities
        )
        self._stream: int | None = None
        self._head = bytearray(_HEAD)
        self._view = memoryview(self._head)
        self._error: DwcpError | None = None
        self._phase = _Phase.HEADER
        self._kind = 0
        self._on = 0
        self._length = 0
        self._block: BlockHeader
        self._target = self._view[: limits.HEADER]
        self._filled = 0

    @property
    def waiting_for_body(self) -> bool:
        """Whether `provide` must be called before anything more can be read."""
        return self._phase is _Phase.NO_BODY

    @property
    def holds_body(self) -> bool:
        """Whether bytes go to the buffer that was provided."""
        return self._phase is _Phase.BODY

    @property
    def at_boundary(self) -> bool:
        """Whether the connection may end here without cutting a frame."""
        return self._error is None and self._phase is _Phase.HEADER and self._filled == 0

    def wanted(self) -> memoryview:
        """Where the next bytes belong; never empty, never beyond the frame at hand."""
        self._check()
        if self._phase is _Phase.NO_BODY:
            raise RuntimeError("a BLOCK has started: provide() a buffer for its body first")
        return self._target[self._filled :] if self._filled else self._target

    def received(self, count: int) -> Event | None:
        """Says that the first `count` bytes of `wanted()` were written; gives what they completed."""
        self._check()
        missing = len(self._target) - self._filled - count
        if count < 1 or missing < 0 or self._phase is _Phase.NO_BODY:
            raise ValueError(f"{count} bytes received, wanted were 1..{len(self._target) - self._filled}")
        self._filled += count
        if missing:
            return None
        try:
            return self._complete()
        except DwcpError as error:
            self._error = error
            raise

    def provide(self, body: memoryview) -> None:
        """The buffer for the body of the BLOCK that has started, of exactly `body_length` writable bytes."""
        self._check()
        if self._phase is not _Phase.NO_BODY:
            raise RuntimeError("no BLOCK waits for a buffer")
        view = body.cast("B")
        length = self._length - limits.BLOCK_HEADER
        if len(view) != length or view.readonly:
            raise ValueError(f"the body needs a writable buffer of {length} bytes, given were {len(view)}")
        self._expect(_Phase.BODY, view)

    def feed(self, data: BytesLike) -> list[Event]:
        """All that `data` completes, in order. Bodies go to fresh buffers, one for each BLOCK.

        For control connections and tests. When it raises, events before the error are lost with the rest:
        the connection ends anyway.
        """
        events: list[Event] = []
        rest = memoryview(data).cast("B")
        while rest:
            if self._phase is _Phase.NO_BODY:
                self.provide(memoryview(bytearray(self._length - limits.BLOCK_HEADER)))
            target = self.wanted()
            count = min(len(target), len(rest))
            target[:count] = rest[:count]
            rest = rest[count:]
            event = self.received(count)
            if event is not None:
                events.append(event)
        return events

    def eof(self) -> None:
        """Says that the connection has ended. Raises `DwcpError` (closed) if that cut a frame."""
        self._check()
        if self.at_boundary:
            return
        if self._phase is _Phase.HEADER:
            where = f"after {self._filled} of {limits.HEADER} bytes of a frame header"
        else:
            before = 0 if self._phase in (_Phase.PAYLOAD, _Phase.BLOCK_HEADER) else limits.BLOCK_HEADER
            where = f"after {before + self._filled} of {self._length} bytes of the payload of {self._name()}"
        self._error = DwcpError(ErrorCode.CLOSED, f"{self.lane.value}: ended {where}; connect again")
        raise self._error

    def _check(self) -> None:
        if self._error is not None:
            raise self._error.with_traceback(None)

    def _enter(self, lane: Lane) -> None:
        self.lane = lane
        self._allowed = MAY_ARRIVE[lane]
        self._is_data = lane.is_data

    def _expect(self, phase: _Phase, target: memoryview) -> None:
        self._phase = phase
        self._target = target
        self._filled = 0

    def _complete(self) -> Event | None:
        phase = self._phase
        if phase is _Phase.BODY:
            return self._end_block()
        if phase is _Phase.HEADER:
            return self._end_header()
        if phase is _Phase.BLOCK_HEADER:
            return self._end_block_header()
        return self._end_frame(bytes(self._target))

    def _end_header(self) -> Event | None:
        kind, flags, stream, length = COVERED.unpack_from(self._head)
        self._kind, self._on, self._length = kind, stream, length
        if kind not in self._allowed:
            raise self._damaged("this frame is not allowed here")
        if flags:
            raise self._damaged(f"flags are {flags:#04x}, they must be 0")
        self._check_stream(kind, stream)
        if kind == BlockHeader.TYPE:
            longest = limits.BLOCK_HEADER + self.max_block
            if length > longest:
                raise self._oversized(f"{limits.BLOCK_HEADER + 1}..{longest}")
            if length <= limits.BLOCK_HEADER:
                raise self._damaged(f"a payload of {length} bytes has no body")
            self._expect(_Phase.BLOCK_HEADER, self._view[limits.HEADER :])
            return None
        layout = LAYOUTS[kind]
        if length > layout.longest:
            raise self._oversized(layout.allowed)
        if not layout.allows(length):
            raise self._damaged(f"a payload of {length} bytes, allowed is {layout.allowed}")
        if length == 0:
            return self._end_frame(b"")
        self._expect(_Phase.PAYLOAD, memoryview(bytearray(length)))
        return None

    def _check_stream(self, kind: int, stream: int) -> None:
        # A side that gives up before it knows the stream of a data connection can only say 0.
        if kind == Error.TYPE and stream == 0:
            return
        if kind == Attach.TYPE or self._is_data:
            if stream == 0:
                raise self._damaged("a data connection has a stream from 1 on, this is 0")
            if self._stream not in (None, stream):
                raise self._damaged(f"the connection is that of stream {self._stream}")
        elif stream:
            raise self._damaged("the control connection is stream 0")

    def _end_frame(self, payload: bytes) -> Event:
        if tag_of(self._head[: COVERED.size], payload) != self._tag():
            raise self._corrupt()
        needed = FRAME_NEEDS.get(self._kind)
        if needed is not None and not needed & self.capabilities:
            raise self._not_agreed("this frame", needed)
        try:
            frame = LAYOUTS[self._kind].parse(payload)
        except ValueError as error:
            raise self._malformed(str(error)) from None
        if isinstance(frame, Open) and frame.block_size > self.max_block:
            raise self._malformed(f"block_size is {frame.block_size}, agreed were at most {self.max_block}")
        if self._kind in DECIDES:
            self._enter(DECIDES[self._kind])
        return FrameArrived(stream=self._next(), frame=frame)

    def _end_block_header(self) -> Event:
        body_length = self._length - limits.BLOCK_HEADER
        try:
            header = parse_block_header(self._view[limits.HEADER :])
            header.check_body(body_length)
        except ValueError as error:
            raise self._damaged(str(error)) from None
        if header.raw_length > self.max_block:
            raise self._damaged(f"raw_length is {header.raw_length}, the largest block is {self.max_block}")
        self._block = header
        self._phase = _Phase.NO_BODY
        self._filled = 0
        return BlockStarted(stream=self._on, header=header, body_length=body_length)

    def _end_block(self) -> Event:
        body = self._target
        tag = xxhash.xxh3_64(
            self._view[limits.HEADER :], seed=int.from_bytes(self._view[: COVERED.size], "big")
        )
        tag.update(body)
        if tag.digest() != self._tag():
            raise self._corrupt()
        header = self._block
        if header.codec not in self._codecs:
            raise self._not_agreed(f"codec {header.codec.name}", CODEC_NEEDS[header.codec])
        return BlockArrived(stream=self._next(), header=header, body=body)

    def _next(self) -> int:
        """Makes ready for the next header; gives the stream of this frame."""
        if self._on:
            self._stream = self._on
        self._expect(_Phase.HEADER, self._view[: limits.HEADER])
        return self._on

    def _tag(self) -> bytearray:
        return self._head[COVERED.size : limits.HEADER]

    def _not_agreed(self, what: str, needed: Capability) -> DwcpError:
        names = " or ".join(str(one.name) for one in needed)
        return self._malformed(f"{what} needs {names}, which was not agreed on")

    def _name(self) -> str:
        if self._kind == BlockHeader.TYPE:
            return "BLOCK"
        layout = LAYOUTS.get(self._kind)
        return f"type {self._kind:#04x}" if layout is None else layout.name

    def _where(self) -> str:
        return f"{self.lane.value}: {self._name()} of stream {self._on}"

    def _damaged(self, what: str) -> DwcpError:
        return DwcpError(ErrorCode.MALFORMED, f"{self._where()}: {what}", retryable=True)

    def _oversized(self, allowed: str) -> DwcpError:
        return DwcpError(
            ErrorCode.OVERSIZED,
            f"{self._where()}: a payload of {self._length} bytes, allowed is {allowed}",
            retryable=True,
        )

    def _malformed(self, what: str) -> DwcpError:
        return DwcpError(ErrorCode.MALFORMED, f"{self._where()}: {what}; both agents must follow dwcp-wire")

    def _corrupt(self) -> DwcpError:
        return DwcpError(
            ErrorCode.CORRUPT,
            f"{self._where()}: the tag does not fit, bytes changed on the way; connect again",
        )
