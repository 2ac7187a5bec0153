"""The first eight bytes of either side: that it is DWCP, and which versions it speaks."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from dwcp_runtime.transport import limits
from dwcp_runtime.transport.errors import DwcpError, ErrorCode

MAGIC: Final = b"DWCP"
_LAYOUT: Final = struct.Struct(">4sBBH")


@dataclass(frozen=True, kw_only=True)
class Versions:
    """A closed range of protocol versions, 1..255."""

    lowest: int
    highest: int

    def __post_init__(self) -> None:
        if not 1 <= self.lowest <= self.highest <= 255:
            raise ValueError(
                f"versions {self.lowest}..{self.highest} are no range within 1..255; give lowest <= highest"
            )

    def __str__(self) -> str:
        return str(self.lowest) if self.lowest == self.highest else f"{self.lowest} to {self.highest}"


SPOKEN: Final = Versions(lowest=1, highest=1)
"""What this program speaks."""


def encode(versions: Versions) -> bytes:
    """The eight bytes."""
    return _LAYOUT.pack(MAGIC, versions.lowest, versions.highest, 0)


def starts_well(data: bytes | bytearray | memoryview) -> bool:
    """Whether the bytes so far, at most four of them looked at, can be the start of a preamble."""
    head = bytes(data[: len(MAGIC)])
    return MAGIC.startswith(head)


def foreign(start: bytes) -> DwcpError:
    """The error for a peer whose first bytes are another protocol's."""
    return DwcpError(
        ErrorCode.NOT_DWCP,
        f"the peer's first bytes are {start!r} instead of {MAGIC!r}; check host, port, and whether both "
        "sides use TLS",
    )


def parse(data: bytes | bytearray | memoryview) -> Versions:
    """Versions of the peer, from exactly eight bytes.

    Raises `DwcpError`: not-dwcp for another magic, malformed for a range that is none or a reserved field
    that is not zero.
    """
    if len(data) != limits.PREAMBLE:
        raise ValueError(f"a preamble has {limits.PREAMBLE} bytes, {len(data)} were given")
    magic, lowest, highest, reserved = _LAYOUT.unpack(data)
    if magic != MAGIC:
        raise foreign(magic)
    if reserved:
        raise DwcpError(ErrorCode.MALFORMED, f"preamble: the reserved field is {reserved}, it must be 0")
    try:
        return Versions(lowest=lowest, highest=highest)
    except ValueError as error:
        raise DwcpError(ErrorCode.MALFORMED, f"preamble: {error}") from None


def agree(mine: Versions, theirs: Versions) -> int:
    """The highest version that both speak; the same from either side.

    Raises `DwcpError` (version) if there is none.
    """
    version = min(mine.highest, theirs.highest)
    if version < max(mine.lowest, theirs.lowest):
        older = "this side" if mine.highest < theirs.lowest else "the peer"
        raise DwcpError(
            ErrorCode.VERSION,
            f"this side speaks version {mine}, the peer {theirs}; update {older}",
        )
    return version
