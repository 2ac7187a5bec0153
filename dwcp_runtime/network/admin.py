"""The admin port: health, metrics and transfers over HTTP.

| | |
|---|---|
| `GET /healthz` | 200 while the process answers |
| `GET /ready` | 200, or 503 and the reason while it starts or drains |
| `GET /metrics` | Prometheus' text format |
| `GET /links` | one entry per configured peer |
| `GET /transfers` | every transfer that is known |
| `POST /transfers` | starts one: see `order` for the body; 201 |
| `GET /transfers/ID` | one of them |
| `DELETE /transfers/ID` | cancels it; 202, or 200 if it had ended |
| `GET /transfers/ID/events` | its progress as server-sent events, until it ends |

Every answer but metrics and events is JSON; a refusal is `{"error": ..., "allowed": ...}`. POST and DELETE
are for those whom `admin_access` lets through, and only files of the data folder can be sent. Bodies and
followers are bounded, in number and in time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from prometheus_client import CollectorRegistry

from charts_py.contract import commands, http_paths, names, ports
from dwcp_runtime.network import logs, metrics
from dwcp_runtime.network.admin_access import Access, Refusal
from dwcp_runtime.network.data_folder import DataFolder
from dwcp_runtime.network.engine import NotTakenError
from dwcp_runtime.network.order import BadOrderError, parse_order
from dwcp_runtime.network.peers import Peers
from dwcp_runtime.network.readiness import Phase, Readiness
from dwcp_runtime.network.transfers import Entry, Transfers

MOST_BODY: Final = 64 * 1024
"""Bytes of a request's body."""

MOST_FOLLOWERS: Final = 64
"""Event streams at a time."""

BODY_SECONDS: Final = 10.0
"""How long a body may take to arrive."""

WRITE_SECONDS: Final = 10.0
"""How long a follower may take to read an event."""

EVENT_SECONDS: Final = 0.5
"""Between two events of one transfer."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logs.logger("admin")


@dataclass(frozen=True, kw_only=True)
class Admin:
    """The handlers, over what they show and steer. `access` and `peers` are asked anew for each request."""

    readiness: Readiness
    transfers: Transfers
    registry: CollectorRegistry
    folder: DataFolder
    peers: Callable[[], Peers]
    access: Callable[[], Access]
    links: Callable[[], list[dict[str, Any]]]
    event_seconds: float = EVENT_SECONDS
    body_seconds: float = BODY_SECONDS
    write_seconds: float = WRITE_SECONDS
    followers: asyncio.Semaphore

    def application(self) -> web.Application:
        """The routes, with JSON for whatever goes wrong."""
        _, live, ready = ports.HEALTH_PATHS[names.DWCP]
        all_transfers = http_paths.DWCP_TRANSFERS
        one = all_transfers + "/{id}"
        app = web.Application(client_max_size=MOST_BODY, middlewares=[_refusals_as_json])
        app.on_response_prepare.append(_name_the_server)
        app.add_routes(
            [
                web.get(live, self._live),
                web.get(ready, self._ready),
                web.get(http_paths.METRICS, self._metrics),
                web.get(http_paths.DWCP_LINKS, self._links),
                web.get(all_transfers, self._list),
                web.post(all_transfers, self._start),
                web.get(one, self._show),
                web.delete(one, self._cancel),
                web.get(one + "/events", self._events, allow_head=False),
            ]
        )
        return app

    async def _live(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, _request: web.Request) -> web.Response:
        if self.readiness.ready:
            return web.json_response({"ready": True})
        reasons = {
            Phase.STARTING: "starting: does not listen yet",
            Phase.DRAINING: "draining: ends its transfers and takes no new ones",
        }
        phase = self.readiness.phase
        answer = {"ready": False, "phase": phase.value, "reason": reasons.get(phase, phase.value)}
        return web.json_response(answer, status=HTTPStatus.SERVICE_UNAVAILABLE)

    async def _metrics(self, _request: web.Request) -> web.Response:
        body = metrics.exposition(self.registry)
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _links(self, _request: web.Request) -> web.Response:
        return web.json_response({"links": self.links()})

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response({"transfers": [entry.as_json() for entry in self.transfers.entries()]})

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response(self._entry(request).as_json())

    async def _start(self, request: web.Request) -> web.Response:
        self._admit(request)
        if request.content_type != "application/json":
            raise _error(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be JSON", "Content-Type: application/json"
            )
        try:
            async with asyncio.timeout(self.body_seconds):
                body = await request.read()
        except TimeoutError:
            raise _error(
                HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive", f"within {self.body_seconds:g} s"
            ) from None
        try:
            order = parse_order(body, self.peers())
            # The disk may be slow or far away, and probes must be answered meanwhile.
            order = await asyncio.to_thread(self.folder.placed, order)
        except BadOrderError as error:
            raise _error(HTTPStatus.BAD_REQUEST, str(error), error.allowed) from None
        try:
            entry = self.transfers.start(order)
        except NotTakenError as error:
            raise _error(
                HTTPStatus.SERVICE_UNAVAILABLE, str(error), "the same order later", retry_after=5
            ) from None
        headers = {"Location": f"{http_paths.DWCP_TRANSFERS}/{entry.id}"}
        return web.json_response(entry.as_json(), status=HTTPStatus.CREATED, headers=headers)

    async def _cancel(self, request: web.Request) -> web.Response:
        self._admit(request)
        entry = self._entry(request)
        if entry.ended:
            return web.json_response(entry.as_json())
        if not self.transfers.cancel(entry.id):
            raise _error(
                HTTPStatus.CONFLICT, "another agent sends this one", "DELETE at the agent that sends it"
            )
        logs.event(_log, "transfer-cancel-asked", id=entry.id)
        return web.json_response(self._entry(request).as_json(), status=HTTPStatus.ACCEPTED)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        entry = self._entry(request)
        if entry.ended and "Last-Event-ID" in request.headers:
            # How a browser is told not to connect again (WHATWG HTML, 9.2.3).
            return web.Response(status=HTTPStatus.NO_CONTENT)
        if self.followers.locked():
            raise _error(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too many event streams are open",
                f"{MOST_FOLLOWERS} at a time, or GET {request.path.removesuffix('/events')}",
                retry_after=5,
            )
        async with self.followers:
            headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
            response = web.StreamResponse(headers=headers)
            number = 0
            try:
                await response.prepare(request)
                async for seen in self.transfers.follow(entry.id, every=self.event_seconds):
                    number += 1
                    async with asyncio.timeout(self.write_seconds):
                        await response.write(_event(number, seen))
                await response.write_eof()
            except (ConnectionError, TimeoutError):
                # The follower has gone or does not read; its place is for another one.
                if request.transport is not None:
                    request.transport.abort()
        return response

    def _entry(self, request: web.Request) -> Entry:
        key = request.match_info["id"]
        entry = self.transfers.get(key)
        if entry is None:
            raise _error(
                HTTPStatus.NOT_FOUND,
                f"no transfer {key[:64]!r}; it may have ended long ago",
                f"an id of GET {http_paths.DWCP_TRANSFERS}",
            )
        return entry

    def _admit(self, request: web.Request) -> None:
        refusal = self.access().refusal(
            remote=request.remote,
            authorization=request.headers.get("Authorization"),
            origin=request.headers.get("Origin"),
        )
        if refusal is not None:
            logs.event(
                _log, "request-refused", method=request.method, remote=request.remote, why=refusal.error
            )
            raise _refused(refusal)


def _event(number: int, entry: Entry) -> bytes:
    return f"id: {number}\nevent: progress\ndata: {json.dumps(entry.as_json())}\n\n".encode()


async def _name_the_server(_request: web.Request, response: web.StreamResponse) -> None:
    # Else aiohttp tells everybody its version and Python's.
    response.headers["Server"] = commands.RUNTIME


class _ErrorAnswer(Exception):  # noqa: N818 - an answer, not a fault
    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        super().__init__(status)
        self.response = web.json_response(body, status=status, headers=headers)


def _error(status: HTTPStatus, error: str, allowed: str, *, retry_after: int | None = None) -> _ErrorAnswer:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _ErrorAnswer(status, {"error": error, "allowed": allowed}, headers)


def _refused(refusal: Refusal) -> _ErrorAnswer:
    headers = {"WWW-Authenticate": "Bearer"} if refusal.status is HTTPStatus.UNAUTHORIZED else {}
    return _ErrorAnswer(refusal.status, {"error": refusal.error, "allowed": refusal.allowed}, headers)


@web.middleware
async def _refusals_as_json(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except _ErrorAnswer as answer:
        return answer.response
    except web.HTTPRequestEntityTooLarge:
        return _error(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large", f"at most {MOST_BODY} bytes"
        ).response
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        refused = _error(HTTPStatus.METHOD_NOT_ALLOWED, f"{error.method[:20]} has no meaning here", allowed)
        refused.response.headers["Allow"] = allowed
        return refused.response
    except web.HTTPNotFound:
        paths = sorted({r.resource.canonical for r in request.app.router.routes() if r.resource is not None})
        return _error(HTTPStatus.NOT_FOUND, "no such path", ", ".join(paths)).response
    except web.HTTPException as error:
        return _error(HTTPStatus(error.status), error.reason, "see the agent's documentation").response
    except Exception as error:
        logs.fault(_log, "request-fault", error, method=request.method, path=request.path)
        return _error(
            HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of the agent's own; its log says more", "another try"
        ).response


class AdminServer:
    """The admin port, open between `open` and `close`."""

    def __init__(self, admin: Admin) -> None:
        self._runner = web.AppRunner(
            admin.application(), access_log=None, shutdown_timeout=1.0, keepalive_timeout=30.0
        )
        self.port = 0

    async def open(self, host: str | None, port: int) -> None:
        """Listen on `host` (None: every address). Raises OSError where that cannot be had."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=64)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Let running answers end, for a second, and close. Repeatable."""
        await self._runner.cleanup()
