"""A channel without TLS: what is sent is what TCP carries."""

from __future__ import annotations

from dwcp_runtime.transport.channel import Buffer, Channel, flat


class PlainChannel(Channel):
    """For loopback and for networks that are protected by other means. The peer is anybody."""

    @property
    def peer_names(self) -> frozenset[str]:
        """None: nobody proved anything."""
        return frozenset()

    async def read_some(self, view: memoryview) -> int:
        """See `Channel.read_some`."""
        return await self._receive(view, len(view))

    async def send(self, *buffers: Buffer) -> None:
        """See `Channel.send`. Several buffers leave in one system call."""
        await self._transmit(flat(buffers))

    def read_now(self, view: memoryview, patience: float) -> int | None:
        """See `Channel.read_now`."""
        return self._receive_now(view, len(view), patience)

    def send_now(self, *buffers: Buffer) -> None:
        """See `Channel.send_now`."""
        self._transmit_now(flat(buffers))

    async def _farewell(self) -> None:
        """TCP's own end says it all."""
