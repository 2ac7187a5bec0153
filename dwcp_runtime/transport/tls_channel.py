"""A channel under TLS, by OpenSSL over memory.

`ssl.SSLSocket` reads each record of 16 KiB by two system calls and writes it by one. Here many records are
read or written at once, and only what OpenSSL needs is copied.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import Final, cast

from dwcp_runtime.transport.channel import Buffer, Channel, flat
from dwcp_runtime.transport.channel_error import closed
from dwcp_runtime.transport.tls_failure import tls_failure
from dwcp_runtime.transport.tls_identity import dns_names

SEND_CHUNK: Final = 1 << 18
"""Bytes encrypted before they are handed to the kernel."""

RECEIVE_CHUNK: Final = 1 << 19
"""Bytes read from the kernel before they are decrypted: half a block, so that few wakeups are needed for one,
and little enough to stay in the cache of a core."""

RECORD: Final = (1 << 14) + 256
"""Bytes of the longest record on the wire, without its header (RFC 8446, section 5.2)."""


class TlsChannel(Channel):
    """A TLS stream over a connected socket. `handshake` comes first."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, *, server_side: bool) -> None:
        super().__init__(sock)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side)
        self._names: frozenset[str] = frozenset()

    @property
    def peer_names(self) -> frozenset[str]:
        """DNS names in the peer's verified certificate; none before the handshake."""
        return self._names

    @property
    def version(self) -> str:
        """The TLS version agreed on, as OpenSSL spells it; empty before the handshake."""
        return self._tls.version() or ""

    async def handshake(self) -> None:
        """Agree on keys and verify the peer's certificate against the context's authorities.

        Raises a typed error that says what is wrong with whose certificate. In TLS 1.3 the dialler is done
        before its own certificate is judged: it learns of a refusal when it first reads.
        """
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            except ssl.SSLError as error:
                raise tls_failure(error, self.peer) from error
        await self._flush()
        self._names = dns_names(self._tls.getpeercert())

    async def read_some(self, view: memoryview) -> int:
        """See `Channel.read_some`."""
        while (have := self._decrypted(view)) is None:
            await self._fill(self._least(view))
        if self._outgoing.pending:
            await self._flush()
        return have

    async def send(self, *buffers: Buffer) -> None:
        """See `Channel.send`."""
        for buffer in flat(buffers):
            for start in range(0, len(buffer), SEND_CHUNK):
                self._encrypt(buffer[start : start + SEND_CHUNK])
                await self._flush()

    def read_now(self, view: memoryview, patience: float) -> int | None:
        """See `Channel.read_now`. What OpenSSL wants to say, such as that it has new keys, waits for the next
        `read_some`: nothing of what arrives waits for it."""
        while (have := self._decrypted(view)) is None:
            scrap = _scratch()
            count = self._receive_now(scrap, self._least(view), patience)
            if count is None:
                return None
            self._take(scrap, count)
        return have

    def send_now(self, *buffers: Buffer) -> None:
        """See `Channel.send_now`."""
        for buffer in flat(buffers):
            for start in range(0, len(buffer), SEND_CHUNK):
                self._encrypt(buffer[start : start + SEND_CHUNK])
                self._transmit_now([memoryview(self._outgoing.read())])

    def _decrypted(self, view: memoryview) -> int | None:
        """What can be decrypted now, 0 at the end; None when OpenSSL needs more first."""
        try:
            return self._decrypt(view)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError as error:
            raise tls_failure(error, self.peer) from error

    def _least(self, view: memoryview) -> int:
        """Bytes that are on their way for sure. OpenSSL may have taken a part of a record already."""
        return max(1, len(view) - RECORD - self._incoming.pending)

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

    async def _fill(self, least: int = 1) -> None:
        scrap = _scratch()
        self._take(scrap, await self._receive(scrap, least))

    def _take(self, scrap: memoryview, count: int) -> None:
        if not count:
            raise closed(self.peer, "was cut by the peer or on the way")
        self._incoming.write(scrap[:count])

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._transmit([memoryview(self._outgoing.read())])

    async def _farewell(self) -> None:
        # Nothing to say goodbye to after a failed handshake, but the alert that tells the peer why must go.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        await self._flush()


_local = threading.local()


def _scratch() -> memoryview:
    """Where bytes from the kernel lie until OpenSSL has copied them: one for all channels of a thread.

    `Channel._receive` fills it after its last wait, and OpenSSL takes it before the next one.
    """
    if not hasattr(_local, "scratch"):
        _local.scratch = memoryview(bytearray(RECEIVE_CHUNK))
    return cast(memoryview, _local.scratch)
