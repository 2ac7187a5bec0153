"""The agent's two ports: its API and its metrics."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from dwcp_runtime.consensus.http_api import HttpApi

CLOSE_SECONDS: Final = 2.0
"""How long requests may still take when the agent ends."""

KEEP_SECONDS: Final = 75.0
"""How long a connection may be idle."""


class HttpServer:
    """Serves an API on both ports. Close it."""

    def __init__(self, api: HttpApi) -> None:
        self._api = api
        self._runners: list[web.AppRunner] = []

    async def open(self, host: str | None, port: int, metrics_port: int) -> tuple[int, int]:
        """Listen on `host` (None: every address); port 0 is any. Returns the ports. Raises OSError where one
        can't be had; then neither is open."""
        found = []
        try:
            for application, wanted in (
                (self._api.application(), port),
                (self._api.metrics_application(), metrics_port),
            ):
                runner = web.AppRunner(
                    application,
                    access_log=None,
                    shutdown_timeout=CLOSE_SECONDS,
                    keepalive_timeout=KEEP_SECONDS,
                )
                self._runners.append(runner)
                await runner.setup()
                await web.TCPSite(runner, host, wanted, backlog=1024).start()
                found.append(int(runner.addresses[0][1]))
        except OSError:
            await self.close()
            raise
        return found[0], found[1]

    async def close(self) -> None:
        """End watches and writes, then the ports. Repeatable."""
        await self._api.close()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
