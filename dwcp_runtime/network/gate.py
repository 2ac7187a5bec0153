"""The DWCP port: who connects, proves who he is, and is handed to the engine."""

from __future__ import annotations

import logging
from collections.abc import Callable

from dwcp_runtime.network import logs
from dwcp_runtime.network.engine import Incoming
from dwcp_runtime.network.peers import Peers
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.listen import Arrival, Listener, listen
from dwcp_runtime.transport.tls_context import TlsContexts

_log = logs.logger("gate")


class Gate:
    """Listens between `open` and `close`. `peers` and `contexts` are asked anew for every connection, so that
    a changed allow list and renewed certificates count at once; no `contexts` is no TLS."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        contexts: Callable[[], TlsContexts] | None,
        peers: Callable[[], Peers],
        incoming: Incoming,
    ) -> None:
        self._host = host
        self._port = port
        self._contexts = contexts
        self._peers = peers
        self._incoming = incoming
        self._listener: Listener | None = None

    @property
    def port(self) -> int:
        """Where it listens, 0 while it does not."""
        return self._listener.port if self._listener is not None else 0

    async def open(self) -> None:
        """Listen. Raises the typed error `io` if the address cannot be had."""
        self._listener = await listen(
            self._host,
            self._port,
            self._arrived,
            contexts=self._contexts,
            allowed=lambda: self._peers().allowed,
            refuse=self._incoming.refuse,
            report=_report,
        )

    async def close(self) -> None:
        """Drop every connection and listen no more. Repeatable."""
        listener, self._listener = self._listener, None
        if listener is not None:
            await listener.close()

    async def _arrived(self, arrival: Arrival) -> None:
        region = None if arrival.name is None else self._peers().names.get(arrival.name)
        peer = region or arrival.channel.peer
        await self._incoming.serve(arrival.channel, peer, welcomed=arrival.welcome)


def _report(peer: str, error: DwcpError) -> None:
    logs.event(
        _log,
        "connection-ended",
        level=logging.WARNING,
        peer=peer,
        code=error.code.label,
        error=error.message,
    )
