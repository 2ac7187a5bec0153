"""The agent's two ports: its API and its metrics."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from dwcp_runtime.consensus.http_api import HttpApi
from dwcp_runtime.consensus.options import EVERYWHERE, Options

CLOSE_SECONDS: Final = 2.0
"""How long requests may still take when the agent ends."""


class HttpServer:
    """Serves an API on both ports. Close it."""

    def __init__(self, api: HttpApi) -> None:
        self._api = api
        self._runners: list[web.AppRunner] = []

    async def open(self, options: Options) -> None:
        """Begin to listen. Raises OSError when a port can't be had."""
        host = None if options.listen == EVERYWHERE else options.me.host
        for application, port in (
            (self._api.application(), options.me.http_port),
            (self._api.metrics_application(), options.me.metrics_port),
        ):
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSE_SECONDS)
            self._runners.append(runner)
            await runner.setup()
            await web.TCPSite(runner, host, port, backlog=1024).start()

    async def close(self) -> None:
        """End watches and writes, then the ports."""
        await self._api.close()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
