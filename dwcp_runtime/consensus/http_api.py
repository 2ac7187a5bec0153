"""The agent's HTTP port: health, status, the group's members, and the keys that the rest of NovaCron shares.

| | |
|---|---|
| `GET /livez` | 200 while the process answers |
| `GET /ready` | 200 while reads and writes are taken here, else 503 and why |
| `GET /health` | 200 while the member is part of a quorum, else 503; conditions and runbook |
| `GET /status` | everything the agent knows: see `status_document` |
| `GET /v1/members`, `POST /v1/members` | the members; how many voters are wanted |
| `GET /v1/snapshots`, `POST /v1/snapshots` | the last snapshot; take one |
| `GET /v1/keys?prefix=P` | keys in their order, by pages |
| `GET`, `PUT`, `DELETE /v1/keys/KEY` | one key |
| `GET /v1/watch?prefix=P&revision=N` | changes, one JSON a line |

Whom the network policies and the mesh let through may use all of it; see docs/acp-api.md. Every request ends
in bounded time, and everything that is held for clients is bounded.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from charts_py.contract import http_paths, names, ports
from dwcp_runtime.consensus import answers, health, key_call, key_text, metrics, request_text, watch
from dwcp_runtime.consensus.answers import Refused, answer, revised
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.gateway_text import KeyValue, text
from dwcp_runtime.consensus.host import Host, RefusedError
from dwcp_runtime.consensus.key_call import MOST_REVISION, KeyWrite
from dwcp_runtime.consensus.key_requests import KeyRequests
from dwcp_runtime.consensus.keys import MOST_LISTED, MOST_LISTED_WITH_VALUES, Keys
from dwcp_runtime.consensus.put_batch import MOST_VALUE_BYTES
from dwcp_runtime.consensus.status_document import (
    Condition,
    GroupStatus,
    as_json,
    condition_as_json,
    snapshot_as_json,
)
from dwcp_runtime.network import logs

BODY_SECONDS: Final = 10.0
"""How long a body may take to arrive."""

WRITE_SECONDS: Final = 10.0
"""How long the client of a watch may take to read a line."""

SNAPSHOT_SECONDS: Final = 300.0

MOST_WATCHES: Final = 256
"""At a time. Each is one stream to the member."""

MOST_WISH_BYTES: Final = 1024

LOOK_SECONDS: Final = 0.1
"""How old what is known of the group may be when a request is let in."""

LISTED: Final = 100
"""Keys of a page, unless it is asked for others."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logs.logger("api")


class HttpApi:
    """The handlers, over the agent. Belongs to one event loop."""

    def __init__(
        self,
        host: Host,
        *,
        body_seconds: float = BODY_SECONDS,
        write_seconds: float = WRITE_SECONDS,
        quiet_seconds: float = watch.QUIET_SECONDS,
    ) -> None:
        self.commits = metrics.CommitDurations()
        self._host = host
        self._keys = Keys(host.gateway, self.commits.observe)
        self.key_requests = KeyRequests(self._keys, self._trouble)
        self._watches = 0
        self._looked = float("-inf")
        self._seen: Condition | None = None
        self._ending = asyncio.Event()
        self._body_seconds = body_seconds
        self._write_seconds = write_seconds
        self._quiet_seconds = quiet_seconds

    def application(self) -> web.Application:
        """The routes of the API's port, with JSON for whatever goes wrong."""
        _, live, ready = ports.HEALTH_PATHS[names.CONSENSUS]
        app = web.Application(client_max_size=MOST_VALUE_BYTES, middlewares=[_refusals_as_json])
        # Any bytes, line feeds among them, which a dot would leave out.
        one = http_paths.CONSENSUS_KEYS + r"/{key:[\s\S]+}"
        app.add_routes(
            [
                web.get(one, self._get),
                web.put(one, self._put),
                web.delete(one, self._delete),
                web.get(http_paths.CONSENSUS_KEYS, self._list),
                web.get(http_paths.CONSENSUS_WATCH, self._watch, allow_head=False),
                web.get(live, self._live),
                web.get(ready, self._ready),
                web.get(http_paths.CONSENSUS_HEALTH, self._health),
                web.get(http_paths.CONSENSUS_STATUS, self._status),
                web.get(http_paths.CONSENSUS_MEMBERS, self._members),
                web.post(http_paths.CONSENSUS_MEMBERS, self._want),
                web.get(http_paths.CONSENSUS_SNAPSHOTS, self._last_snapshot),
                web.post(http_paths.CONSENSUS_SNAPSHOTS, self._snapshot),
            ]
        )
        return app

    def metrics_application(self) -> web.Application:
        """The routes of the metrics port."""
        registry = metrics.registry(metrics.ConsensusCollector(self._host.status, self.commits))

        async def scrape(_request: web.Request) -> web.Response:
            return web.Response(
                body=metrics.exposition(registry), headers={"Content-Type": metrics.CONTENT_TYPE}
            )

        app = web.Application(middlewares=[_refusals_as_json])
        app.add_routes([web.get(http_paths.METRICS, scrape)])
        return app

    async def close(self) -> None:
        """End the watches with where to go on, and wait for the writes that are under way."""
        self._ending.set()
        await self._keys.close()

    async def _live(self, _request: web.Request) -> web.Response:
        return answer({"status": "ok"})

    async def _ready(self, _request: web.Request) -> web.Response:
        status = self._host.status()
        return _judged(status, good=health.ready(status), name="ready")

    async def _health(self, _request: web.Request) -> web.Response:
        status = self._host.status()
        return _judged(status, good=health.healthy(status), name="healthy")

    async def _status(self, _request: web.Request) -> web.Response:
        status = self._host.status()
        conditions = [condition_as_json(each) for each in health.conditions(status)]
        return answer({**as_json(status), "conditions": conditions})

    async def _members(self, _request: web.Request) -> web.Response:
        status = self._host.status()
        fields = as_json(status)
        return answer(
            {key: fields[key] for key in ("members", "leader", "quorum", "wanted_voters", "waiting_for")}
        )

    async def _want(self, request: web.Request) -> web.Response:
        key_call.refuse_web_pages(request.headers.get("Origin"))
        wish = await self._body(request, MOST_WISH_BYTES)
        try:
            voters = json.loads(wish)["voters"]
        except (ValueError, LookupError, TypeError, RecursionError):
            voters = None
        if not isinstance(voters, int) or isinstance(voters, bool):
            raise Refused(
                HTTPStatus.BAD_REQUEST, "the body does not say how many voters", allowed='{"voters": 5}'
            )
        self.key_requests.refuse_what_cannot_be_served()
        try:
            await self._host.want_voters(voters)
        except RefusedError as error:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), allowed=error.allowed) from None
        except GatewayError as error:
            raise answers.write_failed(error, self._trouble()) from None
        logs.event(_log, "voters-wanted", voters=voters, remote=request.remote)
        return answer({"wanted_voters": voters}, status=HTTPStatus.ACCEPTED)

    async def _last_snapshot(self, _request: web.Request) -> web.Response:
        last = self._host.status().last_snapshot
        return answer({"last_snapshot": None if last is None else snapshot_as_json(last)})

    async def _snapshot(self, request: web.Request) -> web.Response:
        key_call.refuse_web_pages(request.headers.get("Origin"))
        try:
            # Others may wait for the same one: it goes on when this one gives up.
            async with asyncio.timeout(SNAPSHOT_SECONDS):
                taken = await asyncio.shield(asyncio.ensure_future(self._host.snapshot()))
        except RefusedError as error:
            raise Refused(HTTPStatus.CONFLICT, str(error), allowed=error.allowed) from None
        except (GatewayError, OSError) as error:
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE, f"no snapshot: {error}", allowed="another try"
            ) from None
        except TimeoutError:
            raise Refused(
                HTTPStatus.GATEWAY_TIMEOUT,
                f"the snapshot is not done after {SNAPSHOT_SECONDS:g} s and goes on",
                allowed=f"GET {http_paths.CONSENSUS_SNAPSHOTS} later",
            ) from None
        return answer(snapshot_as_json(taken), status=HTTPStatus.CREATED)

    async def _get(self, request: web.Request) -> web.Response:
        return await self.key_requests.read(key_call.read(request.raw_path))

    async def _put(self, request: web.Request) -> web.Response:
        call = _write_call(request, deletes=False)
        value = await self._body(request, MOST_VALUE_BYTES)
        return answers.written(await self.key_requests.write(call, value))

    async def _delete(self, request: web.Request) -> web.Response:
        return answers.written(await self.key_requests.write(_write_call(request, deletes=True), b""))

    async def _list(self, request: web.Request) -> web.Response:
        query = request_text.query(
            request.raw_path, frozenset({"prefix", "after", "limit", "revision", "values"})
        )
        prefix = request_text.decoded(query.get("prefix", ""), "prefix")
        after = request_text.decoded(query["after"], "after") if "after" in query else None
        values = request_text.number(query, "values", default=0, most=1) == 1
        most = MOST_LISTED_WITH_VALUES if values else MOST_LISTED
        limit = request_text.number(query, "limit", default=min(LISTED, most), most=most, least=1)
        revision = request_text.number(query, "revision", default=0, most=MOST_REVISION)
        self.key_requests.refuse_what_cannot_be_served()
        try:
            page = await self._keys.list(prefix, after=after, limit=limit, revision=revision, values=values)
        except GatewayError as error:
            raise answers.read_failed(error, self._trouble()) from None
        fields: dict[str, Any] = {
            "revision": page.revision,
            "keys": [_listed(entry, values=values) for entry in page.entries],
            "count": page.count,
            "next": None,
        }
        if page.more and page.entries:
            last = key_text.encode(page.entries[-1].key)
            fields["next"] = {"after": last, "revision": page.revision}
        return revised(fields, page.revision)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        query = request_text.query(request.raw_path, frozenset({"prefix", "key", "revision"}))
        if "prefix" in query and "key" in query:
            raise Refused(HTTPStatus.BAD_REQUEST, "both key and prefix", allowed="one of them")
        if "key" in query:
            start, end = key_text.stored(request_text.decoded(query["key"], "key")), b""
        else:
            start, end = key_text.below(request_text.decoded(query.get("prefix", ""), "prefix"))
        revision = request_text.number(query, "revision", default=0, most=MOST_REVISION)
        self.key_requests.refuse_what_cannot_be_served()
        if self._watches >= MOST_WATCHES:
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too many watches are open here",
                allowed=f"{MOST_WATCHES} at a time; another member",
                headers={"Retry-After": "5"},
            )
        self._watches += 1
        try:
            return await self._follow(request, start, end, revision)
        finally:
            self._watches -= 1

    async def _follow(
        self, request: web.Request, start: bytes, end: bytes, revision: int
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
        )
        told = watch.lines(
            self._host.gateway,
            start,
            end,
            revision,
            trouble=self._trouble,
            ending=self._ending,
            quiet_seconds=self._quiet_seconds,
        )
        try:
            await response.prepare(request)
            async with aclosing(told) as lines:
                async for line in lines:
                    async with asyncio.timeout(self._write_seconds):
                        await response.write(line)
            await response.write_eof()
        except (ConnectionError, TimeoutError):
            # The client has gone or does not read; its place is for another one.
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _body(self, request: web.Request, most: int) -> bytes:
        length = request.content_length
        if length is not None and length > most:
            raise _too_large(most)
        try:
            if request.content.is_eof():
                # All of it is there already, as with most writes.
                body = await request.read()
            else:
                async with asyncio.timeout(self._body_seconds):
                    body = await request.read()
        except TimeoutError:
            raise Refused(
                HTTPStatus.REQUEST_TIMEOUT,
                "the body did not arrive",
                allowed=f"all of it within {self._body_seconds:g} s",
            ) from None
        if len(body) > most:
            raise _too_large(most)
        return body

    def _trouble(self) -> Condition | None:
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._seen, self._looked = health.not_serving(self._host.status()), now
        return self._seen


def _judged(status: GroupStatus, *, good: bool, name: str) -> web.Response:
    fields = {
        name: good,
        "name": status.name,
        "phase": status.phase.value,
        "role": status.role.value,
        "leader": status.leader,
        "conditions": [condition_as_json(each) for each in health.conditions(status)],
    }
    return answer(fields, status=HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE)


def _listed(entry: KeyValue, *, values: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "key": key_text.encode(entry.key),
        "revision": entry.mod_revision,
        "created": entry.create_revision,
    }
    return {**fields, "value": text(entry.value)} if values else fields


def _write_call(request: web.Request, *, deletes: bool) -> KeyWrite:
    headers = request.headers
    return key_call.write(
        # Not the path that aiohttp has decoded: a key need not be text.
        request.raw_path,
        deletes=deletes,
        origin=headers.get("Origin"),
        if_match=headers.get("If-Match"),
        if_none_match=headers.get("If-None-Match"),
    )


def _too_large(most: int) -> Refused:
    return Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large", allowed=f"at most {most} bytes"
    )


@web.middleware
async def _refusals_as_json(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return refused.response
    except web.HTTPRequestEntityTooLarge:
        return _too_large(MOST_VALUE_BYTES).response
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return Refused(
            HTTPStatus.METHOD_NOT_ALLOWED,
            f"{error.method[:20]} has no meaning here",
            allowed=allowed,
            headers={"Allow": allowed},
        ).response
    except web.HTTPNotFound:
        paths = sorted({r.resource.canonical for r in request.app.router.routes() if r.resource is not None})
        return Refused(HTTPStatus.NOT_FOUND, "no such path", allowed=", ".join(paths)).response
    except web.HTTPException as error:
        return Refused(HTTPStatus(error.status), error.reason, allowed="see docs/acp-api.md").response
    except Exception as error:
        return answers.fault(error, request.method, request.path).response
