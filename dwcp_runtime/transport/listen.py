"""Accept connections from agents, with a bound on everybody who has not yet said who he is."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final

from dwcp_runtime.transport import socket_options
from dwcp_runtime.transport.channel import Channel, reason
from dwcp_runtime.transport.channel_error import timed_out
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.plain_channel import PlainChannel
from dwcp_runtime.transport.socket_options import SocketPlan
from dwcp_runtime.transport.tls_channel import TlsChannel
from dwcp_runtime.transport.tls_context import TlsContexts
from dwcp_runtime.transport.tls_identity import authorise

BACKLOG: Final = 1024
_PAUSE: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How many connections may be there. `strangers` are those not yet welcomed, part of `total`.

    `patience` is how many seconds a stranger has from its connection to its welcome.
    """

    strangers: int = 256
    total: int = 4096
    patience: float = 10.0


class Arrival:
    """A connection whose peer may come in, by its certificate or because there is no TLS.

    `name` is the allowed name in the peer's certificate; None without TLS.
    """

    def __init__(self, channel: Channel, name: str | None, welcomed: Callable[[], None]) -> None:
        self.channel = channel
        self.name = name
        self.welcome = welcomed
        """Say that the peer speaks the protocol: it is no stranger any more and has all the time it wants.
        Until then the connection counts among the strangers, and is ended when their patience is over."""


Handler = Callable[[Arrival], Awaitable[None]]
Refuse = Callable[[Channel, DwcpError], Awaitable[None]]


class Listener:
    """A listening socket and the connections that came by it. Made by `listen`."""

    def __init__(
        self,
        sock: socket.socket,
        handler: Handler,
        *,
        contexts: Callable[[], TlsContexts] | None,
        allowed: Callable[[], Collection[str]],
        refuse: Refuse | None,
        report: Callable[[str, DwcpError], None] | None,
        plan: SocketPlan,
        bounds: Bounds,
    ) -> None:
        self._sock = sock
        self._handler = handler
        self._contexts = contexts
        self._allowed = allowed
        self._refuse = refuse
        self._report = report
        self._plan = plan
        self._bounds = bounds
        self._strangers: set[asyncio.Task[None]] = set()
        self._guests: set[asyncio.Task[None]] = set()
        self.turned_away = 0
        """Connections closed unheard because a bound was reached."""
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    @property
    def port(self) -> int:
        """Where it listens, also when any free port was asked for."""
        return int(self._sock.getsockname()[1])

    @property
    def strangers(self) -> int:
        """Connections that are not welcomed yet."""
        return len(self._strangers)

    @property
    def connections(self) -> int:
        """All connections, strangers included."""
        return len(self._strangers) + len(self._guests)

    async def close(self, *, grace: float = 0.0) -> None:
        """Accept nothing more, give the connections `grace` seconds to end, then end them."""
        self._accepting.cancel()
        await asyncio.gather(self._accepting, return_exceptions=True)
        self._sock.close()
        tasks = self._strangers | self._guests
        if tasks and grace > 0:
            await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(self._sock)
            except OSError as error:
                # Out of file descriptors or of kernel memory: somebody has to leave first.
                self._tell(
                    "the listener", DwcpError(ErrorCode.LIMIT, f"cannot accept: {reason(error)}; retrying")
                )
                await asyncio.sleep(_PAUSE)
                continue
            if self.strangers >= self._bounds.strangers or self.connections >= self._bounds.total:
                self.turned_away += 1
                sock.close()
                continue
            task = loop.create_task(self._serve(sock))
            self._strangers.add(task)
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._strangers.discard(task)
        self._guests.discard(task)

    async def _serve(self, sock: socket.socket) -> None:
        try:
            channel = self._channel(sock)
        except BaseException:
            sock.close()
            raise
        limit = asyncio.timeout(self._bounds.patience)
        try:
            async with limit:
                name = await self._admit(channel)
                await self._handler(Arrival(channel, name, self._welcome(limit)))
        except DwcpError as error:
            if not (asyncio.current_task() in self._strangers and _left(error)):
                self._tell(channel.peer, error)
        except Exception as error:
            if limit.expired():
                advice = "connect again when there is something to say"
                self._tell(channel.peer, timed_out("saying who it is", self._bounds.patience, advice))
            else:
                failure = DwcpError(
                    ErrorCode.INTERNAL, f"a connection failed by a mistake in here: {error!r}"
                )
                failure.__cause__ = error
                self._tell(channel.peer, failure)
        finally:
            channel.close()

    def _welcome(self, limit: asyncio.Timeout) -> Callable[[], None]:
        task = asyncio.current_task()

        def welcome() -> None:
            if task in self._strangers:
                self._strangers.remove(task)
                self._guests.add(task)
                limit.reschedule(None)

        return welcome

    def _channel(self, sock: socket.socket) -> Channel:
        socket_options.apply(sock, self._plan)
        if self._contexts is None:
            return PlainChannel(sock)
        return TlsChannel(sock, self._contexts().server, server_side=True)

    async def _admit(self, channel: Channel) -> str | None:
        if not isinstance(channel, TlsChannel):
            return None
        try:
            await channel.handshake()
        except DwcpError:
            # The alert that tells the peer why is worth a moment.
            await channel.shut(linger=1.0)
            raise
        try:
            return authorise(channel.peer_names, self._allowed(), channel.peer)
        except DwcpError as error:
            if self._refuse is not None:
                with contextlib.suppress(DwcpError):
                    await self._refuse(channel, error)
            await channel.shut(linger=1.0)
            raise

    def _tell(self, peer: str, error: DwcpError) -> None:
        if self._report is not None:
            self._report(peer, error)


async def listen(
    host: str,
    port: int,
    handler: Handler,
    *,
    contexts: Callable[[], TlsContexts] | None,
    allowed: Callable[[], Collection[str]] = frozenset,
    refuse: Refuse | None = None,
    report: Callable[[str, DwcpError], None] | None = None,
    plan: SocketPlan = SocketPlan(),  # noqa: B008 - frozen
    bounds: Bounds = Bounds(),
) -> Listener:
    """Listen on the address `host` (empty for all) and `port` (0 for a free one).

    Every connection gets a task that runs `handler`; when it returns, the connection is closed. `contexts`
    is asked for every connection, as `TlsFolder.contexts` is meant to be; None is no TLS. `allowed` are the
    names of which a certificate must have one; it too is asked every time. A peer whose valid certificate has
    none of them is given to `refuse`, which may say so in the protocol's words. `report` gets the address and
    what ended a connection, of refused ones as of those that the handler raised for, but not of those that
    left before they were welcomed: they probed the port, or were dialled ahead by a sender that was refused
    by another connection or has no use for them any more.

    Beyond the bounds a connection is closed at once and unheard: it costs no memory and no task.
    Raises the typed error `io` if the address cannot be had.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
        # An IPv6 socket for every address takes IPv4 too, so one socket is enough.
        found.sort(key=lambda entry: entry[0] != socket.AF_INET6)
        sock = _bound(found[0], plan)
    except OSError as error:
        raise DwcpError(
            ErrorCode.IO,
            f"cannot listen on {host or 'any address'}, port {port}: {reason(error)}; "
            "take another port, or end the process that has it",
        ) from error
    return Listener(
        sock,
        handler,
        contexts=contexts,
        allowed=allowed,
        refuse=refuse,
        report=report,
        plan=plan,
        bounds=bounds,
    )


def _left(error: DwcpError) -> bool:
    """Whether the peer just went away. What TLS has against it is more than that."""
    return error.code is ErrorCode.CLOSED and not isinstance(error.__cause__, ssl.SSLError)


def _bound(entry: tuple[int, int, int, str, tuple[object, ...]], plan: SocketPlan) -> socket.socket:
    family, kind, protocol, _, address = entry
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # What has to be known before the handshake of TCP is inherited from here.
        socket_options.apply(sock, plan)
        sock.bind(address)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock
