"""The agent's two ports: its API and its metrics."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from dwcp_runtime.consensus.http_api import HttpApi
from dwcp_runtime.consensus.key_connection import KEEP_SECONDS, KeyConnection

CLOSE_SECONDS: Final = 2.0
"""How long requests may still take when the agent ends."""


class HttpServer:
    """Serves an API on both ports. Close it."""

    def __init__(self, api: HttpApi) -> None:
        self._api = api
        self._runners: list[web.AppRunner] = []
        self._server: asyncio.Server | None = None
        self._connections: set[KeyConnection] = set()

    async def open(self, host: str | None, port: int, metrics_port: int) -> tuple[int, int]:
        """Listen on `host` (None: every address); port 0 is any. Returns the ports. Raises OSError where one
        can't be had; then neither is open."""
        try:
            others = (await self._runner(self._api.application())).server
            assert others is not None
            self._server = await asyncio.get_running_loop().create_server(
                lambda: KeyConnection(self._api.key_requests, others, self._connections),
                host,
                port,
                backlog=1024,
            )
            metrics = await self._runner(self._api.metrics_application())
            await web.TCPSite(metrics, host, metrics_port, backlog=1024).start()
        except OSError:
            await self.close()
            raise
        return int(self._server.sockets[0].getsockname()[1]), int(metrics.addresses[0][1])

    async def close(self) -> None:
        """End watches and writes, then the ports. Repeatable."""
        await self._api.close()
        if self._server is not None:
            self._server.close()
            self._server = None
        # First the writes above, whose answers are due now.
        answering = [task for each in list(self._connections) if (task := each.end()) is not None]
        if answering:
            await asyncio.wait(answering, timeout=CLOSE_SECONDS)
        for connection in list(self._connections):
            connection.abort()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    async def _runner(self, application: web.Application) -> web.AppRunner:
        runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=CLOSE_SECONDS, keepalive_timeout=KEEP_SECONDS
        )
        self._runners.append(runner)
        await runner.setup()
        return runner
