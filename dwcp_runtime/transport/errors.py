"""The typed errors of DWCP: one exception for what this side found and for what the peer reported."""

from __future__ import annotations

from enum import IntEnum


class ErrorCode(IntEnum):
    """Why a connection or a transfer ended. The numbers go over the wire and never change their meaning."""

    NOT_DWCP = 1
    VERSION = 2
    MALFORMED = 3
    OVERSIZED = 4
    CORRUPT = 5
    TIMEOUT = 6
    UNAUTHORISED = 7
    BUSY = 8
    BAD_NAME = 9
    NO_SPACE = 10
    IO = 11
    UNKNOWN_TRANSFER = 12
    SOURCE_CHANGED = 13
    ROOT_MISMATCH = 14
    DRAINING = 15
    CANCELLED = 16
    LIMIT = 17
    INTERNAL = 18
    CLOSED = 19

    @property
    def label(self) -> str:
        """The name that logs, metrics and `--json` show, such as `no-space`."""
        return self.name.lower().replace("_", "-")


RETRYABLE = frozenset(
    {
        ErrorCode.CORRUPT,
        ErrorCode.TIMEOUT,
        ErrorCode.BUSY,
        # The receiver was started again and forgot the token: OPEN gives a new one.
        ErrorCode.UNKNOWN_TRANSFER,
        ErrorCode.DRAINING,
        ErrorCode.CLOSED,
    }
)
"""Codes after which a new connection may bring the same transfer further, unless the error says otherwise."""


class DwcpError(Exception):
    """What went wrong, where, what is allowed, what to do.

    `retryable` says whether a new connection may bring the same transfer further. `from_peer` is true for
    what arrived in an ERROR frame; everything else is the same on both sides.
    """

    def __init__(
        self, code: ErrorCode, message: str, *, retryable: bool | None = None, from_peer: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = code in RETRYABLE if retryable is None else retryable
        self.from_peer = from_peer

    def __str__(self) -> str:
        return f"{self.code.label}: {'the peer says: ' if self.from_peer else ''}{self.message}"

    def __repr__(self) -> str:
        return (
            f"DwcpError({self.code.label}, {self.message!r}, retryable={self.retryable}, "
            f"from_peer={self.from_peer})"
        )
