"""How far the other members are: what a TCP connection to their agents takes, which is one round trip.

The port is the agent's and not etcd's, which would log each connection that ends before its handshake.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from dwcp_runtime.consensus.peer_map import PeerAddress

WINDOW: Final = 9
"""Measurements that the median is taken of. Half of them may be disturbed without being seen in it."""

EVERY: Final = 5.0
"""Seconds between two measurements of the same line."""

PATIENCE: Final = 4.0
"""Seconds after which a line counts as broken, which is no measurement."""


class RoundTrips:
    """Medians by member. What is no longer measured is forgotten."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._seen: dict[str, deque[float]] = {}

    @property
    def medians(self) -> Mapping[str, float]:
        """Seconds there and back, by name."""
        return {name: statistics.median(seen) for name, seen in self._seen.items() if seen}

    def note(self, name: str, seconds: float) -> None:
        """One measurement."""
        self._seen.setdefault(name, deque(maxlen=WINDOW)).append(seconds)

    async def measure(self, peers: Iterable[PeerAddress]) -> None:
        """Measure each line once, all at the same time."""
        peers = tuple(peers)
        for name in self._seen.keys() - {peer.name for peer in peers}:
            del self._seen[name]
        # A name service must not count: addresses are looked up before.
        await asyncio.gather(*(self._measure(peer) for peer in peers))

    async def _measure(self, peer: PeerAddress) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                loop = asyncio.get_running_loop()
                (family, _, _, _, address), *_ = await loop.getaddrinfo(
                    peer.host, peer.http_port, type=socket.SOCK_STREAM
                )
                begun = self._clock()
                _, writer = await asyncio.open_connection(str(address[0]), peer.http_port, family=family)
        except (OSError, TimeoutError):
            return
        self.note(peer.name, self._clock() - begun)
        writer.close()
