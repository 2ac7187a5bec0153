"""The least that an agent serves: liveness, readiness and its status."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from charts_py.contract import http_paths, names, ports
from dwcp_runtime.consensus import status_document
from dwcp_runtime.consensus.host import Host, RefusedError
from dwcp_runtime.consensus.options import EVERYWHERE, Options
from dwcp_runtime.consensus.status_document import Phase


class Probes:
    """Serves on the agent's HTTP port."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._runner: web.AppRunner | None = None

    async def open(self, options: Options) -> None:
        """Begin. Raises OSError when the port can't be had."""
        _, live, ready = ports.HEALTH_PATHS[names.CONSENSUS]
        application = web.Application()
        application.router.add_get(live, self._live)
        application.router.add_get(ready, self._ready)
        application.router.add_get(http_paths.CONSENSUS_HEALTH, self._ready)
        application.router.add_get(http_paths.CONSENSUS_STATUS, self._status)
        application.router.add_post(http_paths.CONSENSUS_SNAPSHOTS, self._snapshot)
        application.router.add_post(http_paths.CONSENSUS_MEMBERS, self._want)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        host = None if options.listen == EVERYWHERE else options.me.host
        await web.TCPSite(self._runner, host, options.me.http_port).start()

    async def close(self) -> None:
        """End."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _live(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, request: web.Request) -> web.Response:
        status = self._host.status()
        held = status.quorum is not None and status.quorum.held
        return self._answer(200 if status.phase is Phase.RUNNING and held else 503)

    async def _status(self, request: web.Request) -> web.Response:
        return self._answer(200)

    async def _snapshot(self, request: web.Request) -> web.Response:
        try:
            return web.json_response(status_document.snapshot_as_json(await self._host.snapshot()))
        except RefusedError as error:
            return web.json_response({"error": str(error), "allowed": error.allowed}, status=409)

    async def _want(self, request: web.Request) -> web.Response:
        try:
            await self._host.want_voters(int((await request.json())["voters"]))
        except RefusedError as error:
            return web.json_response({"error": str(error), "allowed": error.allowed}, status=409)
        return web.json_response({})

    def _answer(self, code: int) -> web.Response:
        body: dict[str, Any] = status_document.as_json(self._host.status())
        return web.json_response(body, status=code)
