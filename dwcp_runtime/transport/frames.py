"""The frames of wire version 1 as values. Building one checks every bound, so a frame that exists is valid.

A bound that does not hold raises `ValueError` with what is allowed; the decoder turns it into `malformed`.
Integers are unsigned; indexes count blocks, sizes are bytes. Layouts: docs/dwcp-wire.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Final

from dwcp_runtime.transport import limits
from dwcp_runtime.transport.errors import DwcpError, ErrorCode

U16: Final = 2**16 - 1
U32: Final = 2**32 - 1
U64: Final = 2**64 - 1


class Codec(IntEnum):
    """How the body of a BLOCK gives its content."""

    RAW = 0
    ZSTD = 1
    PREFIX = 2
    PAGES = 3


class ResendReason(IntEnum):
    """Why the receiver could not use a BLOCK."""

    DIGEST_MISMATCH = 1
    UNKNOWN_REFERENCE = 2
    NO_BASELINE = 3
    UNDECODABLE = 4


def _within(what: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise ValueError(f"{what} is {value}, allowed is {lowest}..{highest}")


def _exactly(what: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise ValueError(f"{what} has {len(value)} bytes, it must have {length}")


def _text(what: str, value: str, longest: int, *, shortest: int = 0) -> None:
    try:
        length = len(value.encode())
    except UnicodeEncodeError:
        raise ValueError(f"{what} cannot be written in UTF-8") from None
    if not shortest <= length <= longest:
        raise ValueError(f"{what} has {length} bytes of UTF-8, allowed is {shortest}..{longest}")


def _power_of_two(what: str, value: int, highest: int) -> None:
    _within(what, value, limits.MIN_BLOCK, highest)
    if value & (value - 1):
        raise ValueError(f"{what} is {value}, it must be a power of two")


def _run(what: str, start: int, count: int) -> None:
    _within(f"start of {what}", start, 0, limits.MAX_INDEX)
    _within(f"count of {what}", count, 1, limits.MAX_INDEX)
    _within(f"end of {what}", start + count, 1, limits.MAX_INDEX)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hello:
    """Both: what this side offers. `capabilities` keeps bits nobody here knows; `max_streams` and
    `max_block` may exceed the limits of this version, since the smaller one is spoken."""

    TYPE: ClassVar[int] = 0x01
    capabilities: int
    max_block: int
    max_streams: int
    agent: str = ""

    def __post_init__(self) -> None:
        _within("capabilities", self.capabilities, 0, U64)
        _power_of_two("max_block", self.max_block, 2**31)
        _within("max_streams", self.max_streams, 1, U16)
        _text("agent", self.agent, limits.MAX_AGENT)
        if not self.agent.isprintable():
            raise ValueError("agent has control characters; only printable ones are allowed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Error:
    """Both: why the sender of this frame closes the connection. `code` may be one of a later agent."""

    TYPE: ClassVar[int] = 0x02
    code: int
    retryable: bool
    message: str = ""

    def __post_init__(self) -> None:
        _within("code", self.code, 1, U16)
        _text("message", self.message, limits.MAX_MESSAGE)

    @classmethod
    def of(cls, error: DwcpError) -> Error:
        """The frame that tells the peer of an error; a long message is cut at a character."""
        message = error.message.encode("utf-8", "replace")[: limits.MAX_MESSAGE].decode("utf-8", "ignore")
        return cls(code=error.code, retryable=error.retryable, message=message)

    def to_error(self) -> DwcpError:
        """The exception to raise. An unknown code becomes `internal`; control characters become `?`."""
        message = "".join(character if character.isprintable() else "?" for character in self.message)
        try:
            code = ErrorCode(self.code)
        except ValueError:
            code = ErrorCode.INTERNAL
            message = f"unknown code {self.code}: {message}"
        return DwcpError(code, message, retryable=self.retryable, from_peer=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ping:
    """Both: answer with PONG and the same nonce."""

    TYPE: ClassVar[int] = 0x03
    nonce: int

    def __post_init__(self) -> None:
        _within("nonce", self.nonce, 0, U64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pong:
    """Both: the nonce of a PING."""

    TYPE: ClassVar[int] = 0x04
    nonce: int

    def __post_init__(self) -> None:
        _within("nonce", self.nonce, 0, U64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Open:
    """Sender: the file to move. `mode` is permission bits, `baseline` the root of a file the receiver may
    have, `None` if there is none. Whether `name` is safe to use is not decided here."""

    TYPE: ClassVar[int] = 0x10
    transfer: bytes
    size: int
    block_size: int
    mode: int
    name: str
    baseline: bytes | None = None

    def __post_init__(self) -> None:
        _exactly("transfer", self.transfer, limits.ID)
        _within("size", self.size, 0, limits.MAX_INDEX)
        _power_of_two("block_size", self.block_size, limits.MAX_BLOCK)
        _within("mode", self.mode, 0, limits.MAX_MODE)
        _text("name", self.name, limits.MAX_NAME, shortest=1)
        if self.baseline is not None:
            _exactly("baseline", self.baseline, limits.ROOT)
            if not any(self.baseline):
                raise ValueError(
                    "baseline is all zeros, which on the wire means that there is none; use None"
                )


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """Receiver: the transfer may begin. `token` is the secret for ATTACH, `streams` how many data
    connections are allowed, `have` how many blocks the following HAVE frames list, `inventory_pages` how
    many pages the receiver could be asked for, `baseline_known` whether it has the baseline."""

    TYPE: ClassVar[int] = 0x11
    transfer: bytes
    token: bytes = field(repr=False)
    streams: int
    have: int = 0
    inventory_pages: int = 0
    baseline_known: bool = False

    def __post_init__(self) -> None:
        _exactly("transfer", self.transfer, limits.ID)
        _exactly("token", self.token, limits.ID)
        _within("streams", self.streams, 1, limits.MAX_STREAMS)
        _within("have", self.have, 0, limits.MAX_INDEX)
        _within("inventory_pages", self.inventory_pages, 0, U64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Have:
    """Receiver: (index, digest) of blocks that are durable from an earlier run."""

    TYPE: ClassVar[int] = 0x12
    entries: Sequence[tuple[int, bytes]]

    def __post_init__(self) -> None:
        _within("number of entries", len(self.entries), 1, limits.MAX_ENTRIES)
        for index, digest in self.entries:
            if not 0 <= index < limits.MAX_INDEX or len(digest) != limits.DIGEST:
                raise ValueError(
                    f"entry for block {index} with a digest of {len(digest)} bytes; indexes are below "
                    f"{limits.MAX_INDEX}, digests have {limits.DIGEST} bytes"
                )


@dataclass(frozen=True, kw_only=True, slots=True)
class Attach:
    """Sender, first on a data connection: joins the transfer as the stream of the frame header."""

    TYPE: ClassVar[int] = 0x13
    transfer: bytes
    token: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _exactly("transfer", self.transfer, limits.ID)
        _exactly("token", self.token, limits.ID)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attached:
    """Receiver, first on a data connection: the stream may carry blocks."""

    TYPE: ClassVar[int] = 0x14


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockHeader:
    """What a BLOCK says before its body: `raw_length` is the length of the decoded content, `digest` the
    first 16 bytes of its BLAKE3."""

    TYPE: ClassVar[int] = 0x20
    index: int
    codec: Codec
    raw_length: int
    digest: bytes

    def __post_init__(self) -> None:
        _within("index", self.index, 0, limits.MAX_INDEX - 1)
        _within("raw_length", self.raw_length, 1, limits.MAX_BLOCK)
        _exactly("digest", self.digest, limits.DIGEST)

    def check_body(self, length: int) -> None:
        """Raises `ValueError` unless a body of `length` bytes can belong here: RAW is exactly as long as its
        content, and no other codec is allowed to be longer than RAW."""
        if self.codec is Codec.RAW:
            if length != self.raw_length:
                raise ValueError(f"RAW body has {length} bytes, raw_length is {self.raw_length}")
        elif not 1 <= length <= self.raw_length:
            raise ValueError(f"{self.codec.name} body has {length} bytes, allowed is 1..{self.raw_length}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Zeros:
    """Sender: a run of blocks that are all zero."""

    TYPE: ClassVar[int] = 0x21
    start: int
    count: int

    def __post_init__(self) -> None:
        _run("the run", self.start, self.count)


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Sender: xxh3_64 of each page of block `index`, in order: which of them are known?"""

    TYPE: ClassVar[int] = 0x30
    index: int
    fingerprints: tuple[int, ...]

    def __post_init__(self) -> None:
        _within("index", self.index, 0, limits.MAX_INDEX - 1)
        _within("number of fingerprints", len(self.fingerprints), 1, limits.MAX_FINGERPRINTS)
        if min(self.fingerprints) < 0 or max(self.fingerprints) > U64:
            raise ValueError(f"a fingerprint is not within 0..{U64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Receiver: bit i of `known` (byte i // 8, value 1 << i % 8) is set if page i of the QUERY is known."""

    TYPE: ClassVar[int] = 0x31
    index: int
    known: bytes

    def __post_init__(self) -> None:
        _within("index", self.index, 0, limits.MAX_INDEX - 1)
        _within("length of known", len(self.known), 1, limits.MAX_FINGERPRINTS // 8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Durable:
    """Receiver: runs (start, count) of blocks that are on disk."""

    TYPE: ClassVar[int] = 0x40
    runs: Sequence[tuple[int, int]]

    def __post_init__(self) -> None:
        _within("number of runs", len(self.runs), 1, limits.MAX_ENTRIES)
        for start, count in self.runs:
            _run("a run", start, count)


@dataclass(frozen=True, kw_only=True, slots=True)
class Resend:
    """Receiver: send this block again, without references."""

    TYPE: ClassVar[int] = 0x41
    index: int
    reason: ResendReason

    def __post_init__(self) -> None:
        _within("index", self.index, 0, limits.MAX_INDEX - 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Receiver: microseconds it spent on each since the last report, and the bytes it has stored."""

    TYPE: ClassVar[int] = 0x42
    disk_sink: int
    decode: int
    idle: int
    stored: int

    def __post_init__(self) -> None:
        _within("disk_sink", self.disk_sink, 0, U32)
        _within("decode", self.decode, 0, U32)
        _within("idle", self.idle, 0, U32)
        _within("stored", self.stored, 0, U64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finish:
    """Sender: all blocks were sent; this is the root they must give."""

    TYPE: ClassVar[int] = 0x50
    root: bytes

    def __post_init__(self) -> None:
        _exactly("root", self.root, limits.ROOT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """Receiver: the file with this root is in place under its name."""

    TYPE: ClassVar[int] = 0x51
    root: bytes

    def __post_init__(self) -> None:
        _exactly("root", self.root, limits.ROOT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancel:
    """Both: somebody wants the transfer to end."""

    TYPE: ClassVar[int] = 0x52


@dataclass(frozen=True, kw_only=True, slots=True)
class Drain:
    """Receiver: begin nothing new here and come back later."""

    TYPE: ClassVar[int] = 0x53


Frame = (
    Hello
    | Error
    | Ping
    | Pong
    | Open
    | Opened
    | Have
    | Attach
    | Attached
    | Zeros
    | Query
    | Answer
    | Durable
    | Resend
    | Report
    | Finish
    | Finished
    | Cancel
    | Drain
)
"""Every frame but BLOCK, whose body is never held by a value of its own."""
