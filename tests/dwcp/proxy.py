"""What lies between two agents, and does to their connections what networks do."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
_CHUNK = 1 << 16


@dataclass(kw_only=True, eq=False)
class Passage:
    """One connection through the proxy. `up` counts bytes read from the client, `down` those from the server;
    `swallow` makes the proxy take bytes and pass none on, as a middlebox does that has forgotten its way;
    `held` makes it take none from the client, as a path does that has lost a packet."""

    client: socket.socket
    server: socket.socket
    up: int = 0
    down: int = 0
    swallow: bool = False
    held: bool = False
    open: bool = True
    pumps: list[asyncio.Task[None]] = field(default_factory=list)

    def cut(self) -> None:
        """End the connection for both sides, as a reset."""
        self.cut_client()
        self._end(self.server)

    def cut_client(self) -> None:
        """End the connection for the client only; the server is left in the belief that it is there."""
        self.open = False
        self.swallow = True
        self._end(self.client)

    def _end(self, sock: socket.socket) -> None:
        for pump in self.pumps:
            pump.cancel()
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


class Proxy:
    """Listens on `port` and passes connections on to `target`. `change` sees every chunk on its way to the
    server, with the passage and its offset, and may give other bytes."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.passages: list[Passage] = []
        self.change: Callable[[Passage, int, bytes], bytes] = lambda passage, offset, data: data
        self.down = False
        self._listener = socket.create_server((LOOPBACK, 0), backlog=1024)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]

    @property
    def up(self) -> int:
        """Bytes that clients sent so far, over all connections."""
        return sum(passage.up for passage in self.passages)

    def open(self) -> list[Passage]:
        """Connections that are not cut or ended."""
        return [passage for passage in self.passages if passage.open]

    def data(self) -> list[Passage]:
        """Open data connections of the only transfer, after its control connection was answered. They are
        dialled side by side, so that their order says nothing; but a receiver answers by the control
        connection, and by the others only that they joined."""
        found = self.open()
        control = max(found, key=lambda passage: passage.down)
        return [passage for passage in found if passage is not control]

    def cut(self) -> int:
        """Cut every connection there is. How many."""
        found = self.open()
        for passage in found:
            passage.cut()
        return len(found)

    async def run(self) -> None:
        """Accept until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(self._listener)
            server = socket.socket()
            server.setblocking(False)
            try:
                if self.down:
                    raise ConnectionRefusedError
                await loop.sock_connect(server, (LOOPBACK, self.target))
            except OSError:
                server.close()
                client.close()
                continue
            passage = Passage(client=client, server=server)
            self.passages.append(passage)
            passage.pumps = [
                asyncio.ensure_future(self._pump(passage, up=True)),
                asyncio.ensure_future(self._pump(passage, up=False)),
            ]

    async def _pump(self, passage: Passage, *, up: bool) -> None:
        loop = asyncio.get_running_loop()
        source, sink = (passage.client, passage.server) if up else (passage.server, passage.client)
        try:
            while data := await self._chunk(loop, passage, source, up=up):
                if up:
                    data = self.change(passage, passage.up, data)
                    passage.up += len(data)
                else:
                    passage.down += len(data)
                if not passage.swallow:
                    await loop.sock_sendall(sink, data)
            if not passage.swallow:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            if passage.open and not passage.swallow:
                passage.cut()
            return
        if all(pump.done() or pump is asyncio.current_task() for pump in passage.pumps):
            passage.open = False
            passage.client.close()
            passage.server.close()

    @staticmethod
    async def _chunk(
        loop: asyncio.AbstractEventLoop, passage: Passage, source: socket.socket, *, up: bool
    ) -> bytes:
        while up and passage.held:
            await asyncio.sleep(0.01)
        return await loop.sock_recv(source, _CHUNK)

    def close(self) -> None:
        """Accept nothing more, cut what is there."""
        self.cut()
        self._listener.close()


@asynccontextmanager
async def proxied(target: int) -> AsyncIterator[Proxy]:
    """A proxy in front of port `target` for as long as the context lasts."""
    proxy = Proxy(target)
    running = asyncio.ensure_future(proxy.run())
    try:
        yield proxy
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        proxy.close()
