"""Both ends of transfers in one process, over real sockets: what tests of the engine share."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dwcp_runtime.transport.capabilities import Offer
from dwcp_runtime.transport.channel import Channel
from dwcp_runtime.transport.dial import dial
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.limits import MIN_BLOCK
from dwcp_runtime.transport.listen import Arrival, listen
from dwcp_runtime.transport.progress import Progress
from dwcp_runtime.transport.receiver import Receiver
from dwcp_runtime.transport.send_request import SendRequest
from dwcp_runtime.transport.sender import Sender
from dwcp_runtime.transport.socket_options import SocketPlan

LOOPBACK = "127.0.0.1"


@dataclass(kw_only=True)
class Ends:
    """A receiver that listens, and what it said. `ended` are its transfers' last words, `reported` what ended
    its connections."""

    folder: Path
    receiver: Receiver
    port: int = 0
    ended: list[Progress] = field(default_factory=list)
    reported: list[DwcpError] = field(default_factory=list)

    async def dial(self, plan: SocketPlan = SocketPlan()) -> Channel:  # noqa: B008 - frozen
        """Another connection with the receiver."""
        return await dial(LOOPBACK, self.port, contexts=None, plan=plan)

    def sender(self, path: Path, name: str | None = None, **request: Any) -> Sender:
        """A sender of small blocks that gives up soon, unless `request` says otherwise."""
        small = {"block_size": MIN_BLOCK, "patience": 5.0, "streams": (1, 2), **request}
        return Sender(SendRequest(path=path, name=name or path.name, peer="test", **small), dial=self.dial)

    async def send(self, path: Path, name: str | None = None, **request: Any) -> Progress:
        """One file from the beginning to the end."""
        return await self.sender(path, name, **request).run()

    def published(self) -> dict[str, bytes]:
        """Everything that is visible in the receiver's folder, by its name."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and ".dwcp" not in path.relative_to(self.folder).parts
        }


@asynccontextmanager
async def receiving(folder: Path, *, offer: Offer | None = None, **options: Any) -> AsyncIterator[Ends]:
    """A receiver of `folder` for as long as the context lasts."""
    folder.mkdir(exist_ok=True)
    ends: Ends

    async def arrived(arrival: Arrival) -> None:
        await ends.receiver.serve(arrival.channel, arrival.channel.peer, welcomed=arrival.welcome)

    receiver = Receiver(folder, offer=offer, heard=lambda progress: ends.ended.append(progress), **options)
    ends = Ends(folder=folder, receiver=receiver)
    listener = await listen(
        LOOPBACK, 0, arrived, contexts=None, report=lambda peer, problem: ends.reported.append(problem)
    )
    ends.port = listener.port
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unheard.append(context))
    try:
        yield ends
    finally:
        await listener.close()
        receiver.close()
    gc.collect()
    assert not unheard, "something failed and nobody looked"


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another task or thread brings about."""
    while not holds():
        await asyncio.sleep(0.01)


def random_bytes(size: int, *, seed: int = 1) -> bytes:
    """Bytes that no codec makes shorter."""
    return random.Random(seed).randbytes(size)


def image(path: Path, size: int, *, seed: int = 1) -> Path:
    """A file of random bytes at `path`."""
    path.write_bytes(random_bytes(size, seed=seed))
    return path
