"""The agent's engine: orders and settings into senders, and one receiver for what others send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count

from charts_py.contract.dwcp import AgentConfig
from dwcp_runtime.network.engine import EngineParts, Incoming, NotTakenError, Outgoing
from dwcp_runtime.network.order import Order
from dwcp_runtime.transport.channel import Channel
from dwcp_runtime.transport.dial import dial
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.progress import FINAL, Progress
from dwcp_runtime.transport.receiver import Receiver
from dwcp_runtime.transport.send_request import SendRequest
from dwcp_runtime.transport.sender import Sender
from dwcp_runtime.transport.socket_options import SocketPlan
from dwcp_runtime.transport.stream_pool import StreamPool
from dwcp_runtime.transport.tls_identity import authorise


class TransferEngine:
    """See `Engine`. Needs a running event loop.

    `amst.minStreams` and `amst.maxStreams` bound the streams of all outgoing transfers together, which share
    them by what each can use.
    """

    def __init__(self, parts: EngineParts) -> None:
        self._config = parts.config
        self._contexts = parts.contexts
        self._receiver = Receiver(parts.root, streams=parts.config.amst.max_streams)
        self._incoming = _Arriving(self._receiver)
        amst = parts.config.amst
        self._pool = StreamPool(minimum=amst.min_streams, maximum=amst.max_streams)
        self._orders = count()

    @property
    def incoming(self) -> Incoming:
        """See `Engine.incoming`."""
        return self._incoming

    def send(self, order: Order) -> Outgoing:
        """See `Engine.send`. Raises NotTakenError when every stream is some transfer's only one."""
        share = f"{next(self._orders)} {order.name}"
        if not self._pool.join(share):
            raise NotTakenError(
                f"all {self._config.amst.max_streams} streams (amst.maxStreams) belong to running transfers; "
                "wait for one to end, or cancel one"
            )
        request = SendRequest(
            path=order.path,
            name=order.name,
            peer=order.region or order.endpoint,
            streams=(1, self._config.amst.max_streams),
            level=self._config.hde.compression_level,
            rate_limit=self._config.networking.rate_limit,
            baseline=order.baseline,
        )
        nodelay = self._config.networking.tcp_nodelay

        async def connect(plan: SocketPlan) -> Channel:
            return await self._dial(order, replace(plan, nodelay=nodelay))

        sender = Sender(
            request, dial=connect, room=partial(self._pool.room, share), wants=partial(self._pool.want, share)
        )
        return _Leaving(sender, partial(self._pool.leave, share))

    def configure(self, config: AgentConfig) -> None:
        """See `Engine.configure`."""
        self._config = config
        self._receiver.streams = config.amst.max_streams
        self._pool.resize(minimum=config.amst.min_streams, maximum=config.amst.max_streams)

    async def close(self) -> None:
        """See `Engine.close`."""
        self._receiver.close()

    async def _dial(self, order: Order, plan: SocketPlan) -> Channel:
        host, _, port = order.endpoint.rpartition(":")
        contexts = self._contexts() if self._contexts is not None else None
        channel = await dial(host, int(port), contexts=contexts, plan=plan)
        if contexts is None:
            return channel
        try:
            authorise(channel.peer_names, order.names, channel.peer)
        except DwcpError:
            # Nothing of the file, not even its name, has been said to whoever that is.
            await channel.shut(linger=0.2)
            raise
        return channel


class _Leaving:
    """A sender that can be cancelled before, while and after it runs."""

    def __init__(self, sender: Sender, ended: Callable[[], None]) -> None:
        self._sender = sender
        self._ended = ended
        self._task: asyncio.Task[Progress] | None = None
        self._cancelled = False

    def progress(self) -> Progress:
        progress = self._sender.progress()
        # The sender's clock starts with `run`.
        return progress if self._task is not None else replace(progress, elapsed=0.0)

    async def run(self) -> Progress:
        self._task = asyncio.ensure_future(self._sender.run())
        if self._cancelled:
            # Not at once: a task that never began would not have noted that it ended.
            asyncio.get_running_loop().call_soon(self._task.cancel)
        try:
            await asyncio.wait([self._task])
        finally:
            self._ended()
            self._task.cancel()
        if not self._task.cancelled() and (fault := self._task.exception()) is not None:
            raise fault
        return self._sender.progress()

    def cancel(self) -> None:
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()


class _Arriving:
    """The receiver, with what it knows in the order of the transfers' start."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def progress(self) -> Sequence[Progress]:
        # Runs of one transfer follow each other, so the ended ones come before the running one.
        return sorted(self._receiver.progress(), key=lambda progress: progress.state not in FINAL)

    async def serve(self, channel: Channel, peer: str, *, welcomed: Callable[[], None]) -> None:
        await self._receiver.serve(channel, peer, welcomed=welcomed)

    async def refuse(self, channel: Channel, problem: DwcpError) -> None:
        await self._receiver.refuse(channel, problem)

    def drain(self) -> None:
        self._receiver.drain()

    async def wait_idle(self) -> None:
        await self._receiver.wait_idle()

    async def interrupt(self) -> None:
        await self._receiver.interrupt()
