"""A channel under TLS, by OpenSSL over memory.

`ssl.SSLSocket` reads each record of 16 KiB by two system calls and writes it by one. Here many records are
read or written at once, and only what OpenSSL needs is copied.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import Any, Final, cast

from dwcp_runtime.transport.channel import Buffer, Channel, flat
from dwcp_runtime.transport.channel_error import closed

SEND_CHUNK: Final = 1 << 18
"""Bytes encrypted before they are handed to the kernel."""

RECEIVE_CHUNK: Final = 1 << 18
"""Bytes read from the kernel before they are decrypted."""


class TlsChannel(Channel):
    """A TLS stream over a connected socket. `handshake` comes first."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, *, server_side: bool) -> None:
        super().__init__(sock)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side)
        self._raw = memoryview(bytearray(RECEIVE_CHUNK))
        self._names: frozenset[str] = frozenset()

    @property
    def peer_names(self) -> frozenset[str]:
        """DNS names in the peer's verified certificate; none before the handshake."""
        return self._names

    async def handshake(self) -> None:
        """Agree on keys and verify the peer's certificate against the context's authorities."""
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
        await self._flush()
        self._names = dns_names(self._tls)

    async def read_some(self, view: memoryview) -> int:
        """See `Channel.read_some`."""
        while True:
            try:
                have = self._decrypt(view)
            except ssl.SSLWantReadError:
                await self._fill()
                continue
            except ssl.SSLError as error:
                raise closed(self.peer, f"broke in TLS: {error.reason}") from error
            if self._outgoing.pending:
                await self._flush()
            return have

    async def send(self, *buffers: Buffer) -> None:
        """See `Channel.send`."""
        for buffer in flat(buffers):
            for start in range(0, len(buffer), SEND_CHUNK):
                self._encrypt(buffer[start : start + SEND_CHUNK])
                await self._flush()

    def _decrypt(self, view: memoryview) -> int:
        """As much as is there: OpenSSL gives a record of 16 KiB at a time."""
        have = 0
        while have < len(view):
            try:
                count = cast(int, self._tls.read(len(view) - have, view[have:]))
            except ssl.SSLWantReadError:
                if have:
                    return have
                raise
            if not count:
                return have
            have += count
        return have

    def _encrypt(self, view: memoryview) -> None:
        while view:
            view = view[self._tls.write(view) :]

    async def _fill(self) -> None:
        count = await self._receive(self._raw)
        if not count:
            raise closed(self.peer, "was cut by the peer or on the way")
        self._incoming.write(self._raw[:count])

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._transmit([memoryview(self._outgoing.read())])

    async def _farewell(self) -> None:
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        await self._flush()


def dns_names(tls: ssl.SSLObject) -> frozenset[str]:
    """The DNS names that the peer's certificate is for."""
    certificate: dict[str, Any] = tls.getpeercert() or {}
    return frozenset(value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS")
