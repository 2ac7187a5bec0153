"""Connect to an agent."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from dwcp_runtime.transport import socket_options
from dwcp_runtime.transport.channel import Channel, reason
from dwcp_runtime.transport.channel_error import timed_out
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.plain_channel import PlainChannel
from dwcp_runtime.transport.socket_options import SocketPlan
from dwcp_runtime.transport.tls_channel import TlsChannel
from dwcp_runtime.transport.tls_context import TlsContexts
from dwcp_runtime.transport.tls_identity import require

TIMEOUT: Final = 10.0
"""Seconds for the name's addresses, the connection and the handshake together."""


async def dial(
    host: str,
    port: int,
    *,
    contexts: TlsContexts | None,
    expected: str | None = None,
    plan: SocketPlan = SocketPlan(),  # noqa: B008 - frozen
    timeout: float = TIMEOUT,
) -> Channel:
    """A channel to the agent at `host` and `port`, under TLS with `contexts` and plain without.

    `expected` is the DNS name that the agent's certificate must have; None takes any agent whose certificate
    is valid. The addresses of a name are tried in turn, each with a fair share of the time that is left.
    Raises `unauthorised` for the wrong peer or certificate, `timeout`, and `closed` if nobody answers.
    """
    where = f"{host}:{port}"
    try:
        async with asyncio.timeout(timeout) as limit:
            sock = await _connect(host, port, plan, limit)
            return await _secure(sock, contexts, expected)
    except TimeoutError as error:
        raise timed_out(
            f"connecting to {where}", timeout, "check the address, firewalls and network policies between"
        ) from error


async def _connect(host: str, port: int, plan: SocketPlan, limit: asyncio.Timeout) -> socket.socket:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        again = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        raise DwcpError(
            ErrorCode.CLOSED,
            f"{host} has no address: {'the name service does not answer' if again else 'check the name'}",
            retryable=again,
        ) from error
    failure: OSError | None = None
    for number, (family, kind, protocol, _, address) in enumerate(found):
        share = ((limit.when() or loop.time()) - loop.time()) / (len(found) - number)
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            socket_options.apply(sock, plan)
            async with asyncio.timeout(share):
                await loop.sock_connect(sock, address)
            return sock
        except OSError as error:
            # TimeoutError is one: the share of this address is over, others may have theirs.
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
    if isinstance(failure, TimeoutError):
        raise failure
    raise DwcpError(
        ErrorCode.CLOSED,
        f"{host}:{port} cannot be reached: {reason(failure) if failure else 'it has no address'}; "
        "check that an agent listens there",
    ) from failure


async def _secure(sock: socket.socket, contexts: TlsContexts | None, expected: str | None) -> Channel:
    if contexts is None:
        return PlainChannel(sock)
    channel = TlsChannel(sock, contexts.client, server_side=False)
    try:
        await channel.handshake()
        if expected is not None:
            require(channel.peer_names, expected, channel.peer)
    except DwcpError:
        # The peer hears why, unless it is cut off from here.
        await channel.shut(linger=0.2)
        raise
    except BaseException:
        channel.close()
        raise
    return channel
