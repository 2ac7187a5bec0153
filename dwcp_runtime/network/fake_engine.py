"""An engine without network and disk: what tests of the agent steer by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from charts_py.contract.dwcp import AgentConfig
from dwcp_runtime.network.engine import Incoming, Outgoing
from dwcp_runtime.network.order import Order
from dwcp_runtime.transport.channel import Channel
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.progress import Progress, State


class FakeOutgoing:
    """Runs until `end` is called. One that is `stubborn` does not heed `cancel`."""

    def __init__(self, order: Order, *, stubborn: bool = False) -> None:
        self.order = order
        self.stubborn = stubborn
        self._fault: Exception | None = None
        self._ended = asyncio.Event()
        self._progress = Progress(
            transfer="00" * 16, name=order.name, peer=order.endpoint, direction="out", state=State.RUNNING
        )

    def progress(self) -> Progress:
        """See `Outgoing.progress`."""
        return self._progress

    def moves(self, **values: int) -> None:
        """Figures of the progress change."""
        self._progress = replace(self._progress, **values)  # type: ignore[arg-type]  # only numbers are given

    async def run(self) -> Progress:
        """See `Outgoing.run`; after `breaks` it raises, against the promise."""
        await self._ended.wait()
        if self._fault is not None:
            raise self._fault
        return self._progress

    def cancel(self) -> None:
        """See `Outgoing.cancel`."""
        if not self.stubborn:
            self.end(State.CANCELLED, code="cancelled")

    def breaks(self, fault: Exception) -> None:
        """A fault of the engine's own."""
        self._fault = fault
        self._ended.set()

    def end(self, state: State = State.DONE, *, code: str | None = None) -> None:
        """The transfer is over."""
        self._progress = replace(self._progress, state=state, code=code)
        self._ended.set()


@dataclass(kw_only=True)
class FakeIncoming:
    """Shows what `shown` holds, and is idle while `idle` is set."""

    shown: list[Progress] = field(default_factory=list)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    drained: int = 0
    interrupted: int = 0
    refused: list[DwcpError] = field(default_factory=list)
    served: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.idle.set()

    def progress(self) -> Sequence[Progress]:
        """See `Incoming.progress`."""
        return tuple(self.shown)

    async def serve(self, channel: Channel, peer: str, *, welcomed: Callable[[], None]) -> None:
        """See `Incoming.serve`: sends the peer's name back, then what comes."""
        self.served.append(peer)
        await channel.send(peer.encode() + b"\n")
        view = memoryview(bytearray(4096))
        while count := await channel.read_some(view):
            welcomed()
            await channel.send(bytes(view[:count]))

    async def refuse(self, channel: Channel, problem: DwcpError) -> None:
        """See `Incoming.refuse`."""
        self.refused.append(problem)

    async def interrupt(self) -> None:
        """See `Incoming.interrupt`."""
        self.interrupted += 1
        self.idle.set()

    def drain(self) -> None:
        """See `Incoming.drain`."""
        self.drained += 1

    async def wait_idle(self) -> None:
        """See `Incoming.wait_idle`."""
        await self.idle.wait()


class FakeEngine:
    """Remembers what it is told."""

    def __init__(self, *, stubborn: bool = False) -> None:
        self.fake_incoming = FakeIncoming()
        self.sent: list[FakeOutgoing] = []
        self.configured: list[AgentConfig] = []
        self.closed = False
        self._stubborn = stubborn

    @property
    def incoming(self) -> Incoming:
        """See `Engine.incoming`."""
        return self.fake_incoming

    def send(self, order: Order) -> Outgoing:
        """See `Engine.send`."""
        self.sent.append(FakeOutgoing(order, stubborn=self._stubborn))
        return self.sent[-1]

    def configure(self, config: AgentConfig) -> None:
        """See `Engine.configure`."""
        self.configured.append(config)

    async def close(self) -> None:
        """See `Engine.close`."""
        self.closed = True
