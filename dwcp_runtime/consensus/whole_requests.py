"""Plain requests for one key that arrive in one piece, as nearly all do: bytes in, requests out. No I/O.

What else HTTP allows (bodies in pieces or chunks, pipelining, `Expect`, older versions, what is malformed) is
left to a server that knows all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast

import httptools

from dwcp_runtime.consensus.key_call import FRONT

MOST_HEADERS: Final = 64
MOST_TARGET: Final = 4096
"""Bytes: a key has at most 3072 in percent-encoding."""

Method = Literal["GET", "PUT", "DELETE"]

_FRONTS: Final = tuple(f"{method} {FRONT}".encode() for method in ("GET", "PUT", "DELETE"))
_TOLD: Final = frozenset({b"origin", b"if-match", b"if-none-match"})
_LEFT_ALONE: Final = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade"})


@dataclass(frozen=True, kw_only=True)
class WholeRequest:
    """`target`: path and query as they came. Of the headers those that have a meaning for a key."""

    method: Method
    target: str
    origin: str | None
    if_match: str | None
    if_none_match: str | None
    body: bytes


class WholeRequests:
    """The requests of one connection."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def read(self, data: bytes) -> WholeRequest | None:
        """The request that `data` is. None: it is anything else; then nothing more may be read here."""
        if not data.startswith(_FRONTS):
            return None
        self._begin()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        target = self._target
        if not self._plain or self._begun != 1 or self._ended != 1 or len(target) > MOST_TARGET:
            return None
        if not target.isascii() or self._headers > MOST_HEADERS:
            return None
        told = self._told
        return WholeRequest(
            method=cast(Method, self._parser.get_method().decode()),
            target=target.decode(),
            origin=told.get(b"origin"),
            if_match=told.get(b"if-match"),
            if_none_match=told.get(b"if-none-match"),
            body=self._body,
        )

    def _begin(self) -> None:
        self._begun = self._ended = self._headers = 0
        self._plain = True
        self._target = self._body = b""
        self._told: dict[bytes, str] = {}

    def on_message_begin(self) -> None:
        """A callback of the parser, as all below."""
        self._begun += 1

    def on_url(self, url: bytes) -> None:
        """May come in parts."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers += 1
        name = name.lower()
        if name in _LEFT_ALONE or name in self._told:
            self._plain = False
        elif name in _TOLD:
            self._told[name] = value.decode("utf-8", "surrogateescape")

    def on_body(self, body: bytes) -> None:
        """May come in parts."""
        self._body += body

    def on_message_complete(self) -> None:
        """The end of a request."""
        self._ended += 1
        if not self._parser.should_keep_alive() or self._parser.get_http_version() != "1.1":
            self._plain = False
