"""Between the fields of a frame and its payload: one layout for each type, with the lengths it may have."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from dwcp_runtime.transport import limits
from dwcp_runtime.transport.frames import (
    Answer,
    Attach,
    Attached,
    BlockHeader,
    Cancel,
    Codec,
    Drain,
    Durable,
    Error,
    Finish,
    Finished,
    Frame,
    Have,
    Hello,
    Open,
    Opened,
    Ping,
    Pong,
    Query,
    Report,
    Resend,
    ResendReason,
    Zeros,
)

F = TypeVar("F", bound=Frame)

_HELLO: Final = struct.Struct(">QIH")
_ERROR: Final = struct.Struct(">HB")
_U64: Final = struct.Struct(">Q")
_OPEN: Final = struct.Struct(">16sQIH32s")
_OPENED: Final = struct.Struct(">16s16sHQQB")
_ENTRY: Final = struct.Struct(">Q16s")
_ATTACH: Final = struct.Struct(">16s16s")
_BLOCK: Final = struct.Struct(">QB3sI16s")
_RUN: Final = struct.Struct(">QQ")
_RESEND: Final = struct.Struct(">QB")
_REPORT: Final = struct.Struct(">IIIQ")
_NO_BASELINE: Final = bytes(limits.ROOT)
_RESERVED: Final = bytes(3)


def _boolean(what: str, value: int) -> bool:
    if value > 1:
        raise ValueError(f"{what} is {value}, allowed is 0 or 1")
    return value == 1


def _parse_hello(payload: bytes) -> Hello:
    capabilities, max_block, max_streams = _HELLO.unpack_from(payload)
    return Hello(
        capabilities=capabilities,
        max_block=max_block,
        max_streams=max_streams,
        agent=payload[_HELLO.size :].decode(),
    )


def _parse_error(payload: bytes) -> Error:
    code, retryable = _ERROR.unpack_from(payload)
    return Error(
        code=code, retryable=_boolean("retryable", retryable), message=payload[_ERROR.size :].decode()
    )


def _pack_open(frame: Open) -> bytes:
    fixed = _OPEN.pack(
        frame.transfer, frame.size, frame.block_size, frame.mode, frame.baseline or _NO_BASELINE
    )
    return fixed + frame.name.encode()


def _parse_open(payload: bytes) -> Open:
    transfer, size, block_size, mode, baseline = _OPEN.unpack_from(payload)
    return Open(
        transfer=transfer,
        size=size,
        block_size=block_size,
        mode=mode,
        baseline=None if baseline == _NO_BASELINE else baseline,
        name=payload[_OPEN.size :].decode(),
    )


def _parse_opened(payload: bytes) -> Opened:
    transfer, token, streams, have, inventory_pages, baseline_known = _OPENED.unpack(payload)
    return Opened(
        transfer=transfer,
        token=token,
        streams=streams,
        have=have,
        inventory_pages=inventory_pages,
        baseline_known=_boolean("baseline_known", baseline_known),
    )


def _parse_attach(payload: bytes) -> Attach:
    transfer, token = _ATTACH.unpack(payload)
    return Attach(transfer=transfer, token=token)


def _parse_zeros(payload: bytes) -> Zeros:
    start, count = _RUN.unpack(payload)
    return Zeros(start=start, count=count)


def _pack_query(frame: Query) -> bytes:
    return struct.pack(f">Q{len(frame.fingerprints)}Q", frame.index, *frame.fingerprints)


def _parse_query(payload: bytes) -> Query:
    index, *fingerprints = struct.unpack(f">{len(payload) // 8}Q", payload)
    return Query(index=index, fingerprints=tuple(fingerprints))


def _parse_resend(payload: bytes) -> Resend:
    index, reason = _RESEND.unpack(payload)
    return Resend(index=index, reason=ResendReason(reason))


def _parse_report(payload: bytes) -> Report:
    disk_sink, decode, idle, stored = _REPORT.unpack(payload)
    return Report(disk_sink=disk_sink, decode=decode, idle=idle, stored=stored)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Payload of one frame type. Its length is within `shortest`..`longest` and `shortest` plus a multiple of
    `step`. `pack` and `parse` know nothing of the frame header; `parse` raises `ValueError`."""

    name: str
    shortest: int
    longest: int
    step: int = 1
    pack: Callable[[Any], bytes]
    parse: Callable[[bytes], Frame]

    def allows(self, length: int) -> bool:
        """Whether a payload may have this length."""
        return self.shortest <= length <= self.longest and (length - self.shortest) % self.step == 0

    @property
    def allowed(self) -> str:
        """The lengths in words."""
        if self.shortest == self.longest:
            return str(self.shortest)
        steps = "" if self.step == 1 else f" in steps of {self.step}"
        return f"{self.shortest}..{self.longest}{steps}"


def _fixed(kind: type[F], length: int, pack: Callable[[F], bytes], parse: Callable[[bytes], F]) -> Layout:
    return Layout(name=kind.__name__.upper(), shortest=length, longest=length, pack=pack, parse=parse)


def _growing(
    kind: type[F],
    shortest: int,
    longest: int,
    pack: Callable[[F], bytes],
    parse: Callable[[bytes], F],
    step: int = 1,
) -> Layout:
    return Layout(
        name=kind.__name__.upper(), shortest=shortest, longest=longest, step=step, pack=pack, parse=parse
    )


def _empty(kind: type[Attached] | type[Cancel] | type[Drain]) -> Layout:
    return _fixed(kind, 0, lambda frame: b"", lambda payload: kind())


LAYOUTS: Final[dict[int, Layout]] = {
    Hello.TYPE: _growing(
        Hello,
        _HELLO.size,
        _HELLO.size + limits.MAX_AGENT,
        lambda frame: (
            _HELLO.pack(frame.capabilities, frame.max_block, frame.max_streams) + frame.agent.encode()
        ),
        _parse_hello,
    ),
    Error.TYPE: _growing(
        Error,
        _ERROR.size,
        _ERROR.size + limits.MAX_MESSAGE,
        lambda frame: _ERROR.pack(frame.code, frame.retryable) + frame.message.encode(),
        _parse_error,
    ),
    Ping.TYPE: _fixed(
        Ping,
        _U64.size,
        lambda frame: _U64.pack(frame.nonce),
        lambda payload: Ping(nonce=_U64.unpack(payload)[0]),
    ),
    Pong.TYPE: _fixed(
        Pong,
        _U64.size,
        lambda frame: _U64.pack(frame.nonce),
        lambda payload: Pong(nonce=_U64.unpack(payload)[0]),
    ),
    Open.TYPE: _growing(Open, _OPEN.size + 1, _OPEN.size + limits.MAX_NAME, _pack_open, _parse_open),
    Opened.TYPE: _fixed(
        Opened,
        _OPENED.size,
        lambda frame: _OPENED.pack(
            frame.transfer,
            frame.token,
            frame.streams,
            frame.have,
            frame.inventory_pages,
            frame.baseline_known,
        ),
        _parse_opened,
    ),
    Have.TYPE: _growing(
        Have,
        _ENTRY.size,
        _ENTRY.size * limits.MAX_ENTRIES,
        lambda frame: b"".join([_ENTRY.pack(index, digest) for index, digest in frame.entries]),
        lambda payload: Have(entries=tuple(_ENTRY.iter_unpack(payload))),
        _ENTRY.size,
    ),
    Attach.TYPE: _fixed(
        Attach, _ATTACH.size, lambda frame: _ATTACH.pack(frame.transfer, frame.token), _parse_attach
    ),
    Attached.TYPE: _empty(Attached),
    Zeros.TYPE: _fixed(Zeros, _RUN.size, lambda frame: _RUN.pack(frame.start, frame.count), _parse_zeros),
    Query.TYPE: _growing(Query, 16, 8 + 8 * limits.MAX_FINGERPRINTS, _pack_query, _parse_query, 8),
    Answer.TYPE: _growing(
        Answer,
        _U64.size + 1,
        _U64.size + limits.MAX_FINGERPRINTS // 8,
        lambda frame: _U64.pack(frame.index) + frame.known,
        lambda payload: Answer(index=_U64.unpack_from(payload)[0], known=payload[_U64.size :]),
    ),
    Durable.TYPE: _growing(
        Durable,
        _RUN.size,
        _RUN.size * limits.MAX_ENTRIES,
        lambda frame: b"".join([_RUN.pack(start, count) for start, count in frame.runs]),
        lambda payload: Durable(runs=tuple(_RUN.iter_unpack(payload))),
        _RUN.size,
    ),
    Resend.TYPE: _fixed(
        Resend, _RESEND.size, lambda frame: _RESEND.pack(frame.index, frame.reason), _parse_resend
    ),
    Report.TYPE: _fixed(
        Report,
        _REPORT.size,
        lambda frame: _REPORT.pack(frame.disk_sink, frame.decode, frame.idle, frame.stored),
        _parse_report,
    ),
    Finish.TYPE: _fixed(Finish, limits.ROOT, lambda frame: frame.root, lambda payload: Finish(root=payload)),
    Finished.TYPE: _fixed(
        Finished, limits.ROOT, lambda frame: frame.root, lambda payload: Finished(root=payload)
    ),
    Cancel.TYPE: _empty(Cancel),
    Drain.TYPE: _empty(Drain),
}
"""Every frame type but BLOCK."""


def pack_block_header(header: BlockHeader) -> bytes:
    """The 32 bytes before the body of a BLOCK."""
    return _BLOCK.pack(header.index, header.codec, _RESERVED, header.raw_length, header.digest)


def parse_block_header(payload: bytes | bytearray | memoryview) -> BlockHeader:
    """The header in 32 bytes; `ValueError` if a bound does not hold."""
    index, codec, reserved, raw_length, digest = _BLOCK.unpack(payload)
    if reserved != _RESERVED:
        raise ValueError("the three bytes after codec must be 0")
    return BlockHeader(index=index, codec=Codec(codec), raw_length=raw_length, digest=digest)
