"""What an agent has instead of a transfer engine: it says so to everybody who asks for a transfer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from charts_py.contract.dwcp import AgentConfig
from dwcp_runtime.network.engine import EngineParts, Incoming, Outgoing
from dwcp_runtime.network.order import Order
from dwcp_runtime.transport.channel import Channel
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.progress import Progress, State

_WORDS = "this build has no transfer engine; take one that has"


class NoEngine:
    """An engine that moves nothing."""

    def __init__(self, parts: EngineParts) -> None:
        self._incoming = _NoIncoming()

    @property
    def incoming(self) -> Incoming:
        """See `Engine.incoming`."""
        return self._incoming

    def send(self, order: Order) -> Outgoing:
        """See `Engine.send`."""
        return _NoOutgoing(order)

    def configure(self, config: AgentConfig) -> None:
        """See `Engine.configure`."""

    async def close(self) -> None:
        """See `Engine.close`."""


class _NoOutgoing:
    def __init__(self, order: Order) -> None:
        self._progress = Progress(
            transfer="",
            name=order.name,
            peer=order.endpoint,
            direction="out",
            state=State.FAILED,
            error=_WORDS,
            code=ErrorCode.INTERNAL.label,
        )

    def progress(self) -> Progress:
        return self._progress

    async def run(self) -> Progress:
        return self._progress

    def cancel(self) -> None:
        pass


class _NoIncoming:
    def progress(self) -> Sequence[Progress]:
        return ()

    async def serve(self, channel: Channel, peer: str, welcome: Callable[[], None]) -> None:
        raise DwcpError(ErrorCode.INTERNAL, _WORDS, retryable=False)

    def drain(self) -> None:
        pass

    async def wait_idle(self) -> None:
        pass
