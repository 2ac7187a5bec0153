"""`python -m bench.acp.api CLIENT_URL HOST PORT`: the agent's API over a member that runs already.

The group's members are fixed while they are measured, so nothing here founds, joins or moves them; requests
take the agent's own way.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass

import uvloop

from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.host import RefusedError
from dwcp_runtime.consensus.http_api import HttpApi
from dwcp_runtime.consensus.http_server import HttpServer
from dwcp_runtime.consensus.status_document import GroupStatus, Phase, Quorum, Role, SnapshotStatus

_STATUS = GroupStatus(
    name="bench",
    phase=Phase.RUNNING,
    role=Role.LEADER,
    leader="bench",
    quorum=Quorum(size=1, voters=1, healthy=1, held=True),
)


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """An agent that does nothing beside its API."""

    gateway: Gateway

    def status(self) -> GroupStatus:
        """A member that serves."""
        return _STATUS

    async def want_voters(self, voters: int) -> None:
        """Refused."""
        raise RefusedError("the group is fixed while it is measured", allowed="nothing")

    async def snapshot(self) -> SnapshotStatus:
        """Refused."""
        raise RefusedError("the group is fixed while it is measured", allowed="nothing")


async def _serve(url: str, host: str, port: int) -> None:
    async with Gateway(url) as gateway:
        servers = HttpServer(HttpApi(Fixed(gateway=gateway)))
        await servers.open(host, port, 0)
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()
        await servers.close()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1], sys.argv[2], int(sys.argv[3])))
