"""How large a packet to a peer may be, as the kernel knows it. Looks only: no packet is sent, no interface
changed.

A connected UDP socket has a route, and with it the MTU that path MTU discovery left in the kernel's cache
(ip(7), IP_MTU; ipv6(7), IPV6_MTU). It learns of a narrower path when packets were too large for it.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from dataclasses import dataclass
from typing import Final

_IP_MTU: Final = 14
_IPV6_MTU: Final = 24
_WAIT: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class PathMtu:
    """What is known of the path to `endpoint`. `mtu` in bytes, None if unknown: then `reason` says why."""

    endpoint: str
    mtu: int | None = None
    reason: str | None = None

    def narrower_than(self, configured: int) -> bool:
        """Whether packets as large as the configuration says do not fit."""
        return self.mtu is not None and self.mtu < configured


def of_socket(sock: socket.socket) -> int | None:
    """The MTU of a connected socket's path in bytes; None where the kernel does not say."""
    if not sys.platform.startswith("linux"):
        return None
    level, option = (
        (socket.IPPROTO_IPV6, _IPV6_MTU) if sock.family == socket.AF_INET6 else (socket.IPPROTO_IP, _IP_MTU)
    )
    try:
        return sock.getsockopt(level, option)
    except OSError:
        return None


async def look_up(endpoint: str) -> PathMtu:
    """The MTU of the path to `host:port`. Never raises for what the network does."""
    host, _, port = endpoint.rpartition(":")
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_WAIT):
            found = await loop.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)
    except TimeoutError:
        return PathMtu(endpoint=endpoint, reason=f"no answer from DNS within {_WAIT:.0f} s")
    except (OSError, UnicodeError, ValueError) as error:
        return PathMtu(endpoint=endpoint, reason=f"name not found: {error}")
    reason = "no address"
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as sock:
                sock.connect(address)
                mtu = of_socket(sock)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            continue
        if mtu is not None:
            return PathMtu(endpoint=endpoint, mtu=mtu)
        reason = "the kernel does not say"
    return PathMtu(endpoint=endpoint, reason=reason)
