"""Names under which a receiver stores files: what is allowed, so that a name never leaves the folder."""

from __future__ import annotations

from typing import Final

from dwcp_runtime.transport.errors import DwcpError, ErrorCode

RESERVED: Final = ".dwcp"
"""The receiver's own folder below the one it serves: stages, journals, inventory."""

MAX_COMPONENT: Final = 255
"""Bytes of one path component: NAME_MAX of Linux file systems."""

_ALLOWED: Final = (
    "relative path components of at most 255 bytes joined by /, without `.`, `..` or control characters"
)


def components(name: str) -> tuple[str, ...]:
    """The path components of a name, relative to the folder that the receiver serves.

    DwcpError `bad-name` for anything that could lie outside of it or inside the receiver's own folder.
    """
    parts = tuple(name.split("/"))
    for part in parts:
        # What isn't printable goes first: half of a surrogate pair can't be encoded.
        if part in ("", ".", "..") or not part.isprintable() or len(part.encode()) > MAX_COMPONENT:
            raise DwcpError(ErrorCode.BAD_NAME, f"{name!r} is not a name to store under; allowed: {_ALLOWED}")
    if parts[0] == RESERVED:
        raise DwcpError(ErrorCode.BAD_NAME, f"{name!r} lies in {RESERVED}/, which belongs to the receiver")
    return parts
