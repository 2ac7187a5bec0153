"""A key-value store as clients see it: through a member's own gateway, or through our API."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp

from charts_py.contract import http_paths, ports
from dwcp_runtime.consensus.key_text import PREFIX


class FailedError(Exception):
    """The operation has not taken place and never will."""


class UnknownError(Exception):
    """The operation may have taken place, or may yet."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered; see `history.Operation`."""

    revision: int
    value: str | None = None
    swapped: bool = False


class Store(Protocol):
    """Operations at one member. Each raises FailedError or UnknownError when it was not acknowledged."""

    async def get(self, address: str, key: str) -> Answer: ...

    async def put(self, address: str, key: str, value: str) -> Answer: ...

    async def cas(self, address: str, key: str, value: str, expect: int) -> Answer: ...

    async def delete(self, address: str, key: str) -> Answer: ...


class Gateway:
    """etcd's own JSON gateway."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def call(self, address: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to one call."""
        url = f"http://{address}:{ports.ETCD_CLIENT.number}/v3/{path}"
        try:
            async with self._session.post(url, json=body) as response:
                if response.status != 200:
                    raise UnknownError(f"{response.status} {(await response.text())[:200]}")
                answer: dict[str, Any] = await response.json()
                return answer
        except aiohttp.ClientConnectorError as error:
            raise FailedError(str(error)) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UnknownError(repr(error)) from None

    async def get(self, address: str, key: str) -> Answer:
        found = (await self.call(address, "kv/range", {"key": _encode(key)})).get("kvs", [])
        if not found:
            return Answer(revision=0)
        value = base64.b64decode(found[0]["value"]).decode()
        return Answer(revision=int(found[0]["mod_revision"]), value=value)

    async def put(self, address: str, key: str, value: str) -> Answer:
        return _written(
            await self.call(address, "kv/put", {"key": _encode(key), "value": _encode(value)}), True
        )

    async def cas(self, address: str, key: str, value: str, expect: int) -> Answer:
        compare = {"key": _encode(key), "target": "MOD", "result": "EQUAL", "mod_revision": str(expect)}
        put = {"request_put": {"key": _encode(key), "value": _encode(value)}}
        answer = await self.call(address, "kv/txn", {"compare": [compare], "success": [put]})
        return _written(answer, bool(answer.get("succeeded")))

    async def delete(self, address: str, key: str) -> Answer:
        answer = await self.call(address, "kv/deleterange", {"key": _encode(key)})
        return _written(answer, int(answer.get("deleted", 0)) > 0)


class Api:
    """The agents' API on their HTTP port."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, address: str, key: str) -> Answer:
        status, headers, body = await self._call("GET", address, key)
        if status == HTTPStatus.NOT_FOUND:
            return Answer(revision=0)
        return Answer(revision=_tagged(headers), value=body.decode())

    async def put(self, address: str, key: str, value: str) -> Answer:
        _, headers, _ = await self._call("PUT", address, key, data=value.encode())
        return Answer(revision=_tagged(headers), swapped=True)

    async def cas(self, address: str, key: str, value: str, expect: int) -> Answer:
        condition = {"If-Match": f'"{expect}"'} if expect else {"If-None-Match": "*"}
        status, headers, _ = await self._call("PUT", address, key, data=value.encode(), headers=condition)
        if status == HTTPStatus.PRECONDITION_FAILED:
            return Answer(revision=0)
        return Answer(revision=_tagged(headers), swapped=True)

    async def delete(self, address: str, key: str) -> Answer:
        _, _, body = await self._call("DELETE", address, key)
        said = json.loads(body)
        return Answer(revision=said["revision"], swapped=said["deleted"])

    async def _call(
        self, method: str, address: str, key: str, **options: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body; every failure sorted by what the answer says of the outcome."""
        url = f"http://{address}:{ports.CONSENSUS_HTTP.number}{http_paths.CONSENSUS_KEYS}/{key}"
        try:
            async with self._session.request(method, url, **options) as response:
                status, body = response.status, await response.read()
        except aiohttp.ClientConnectorError as error:
            raise FailedError(str(error)) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UnknownError(repr(error)) from None
        if status in (HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED):
            return status, response.headers, body
        said = f"{status} {body[:300].decode(errors='replace')}"
        raise FailedError(said) if b'"outcome": "not done"' in body else UnknownError(said)


class BothWays:
    """Every other operation through our API, the rest past it: both must show the same keys."""

    def __init__(self, api: Api, gateway: Gateway) -> None:
        self._turns = itertools.cycle((api, gateway))
        self._gateway = gateway

    def _next(self, key: str) -> tuple[Store, str]:
        store = next(self._turns)
        return store, (PREFIX.decode() + key if store is self._gateway else key)

    async def get(self, address: str, key: str) -> Answer:
        store, key = self._next(key)
        return await store.get(address, key)

    async def put(self, address: str, key: str, value: str) -> Answer:
        store, key = self._next(key)
        return await store.put(address, key, value)

    async def cas(self, address: str, key: str, value: str, expect: int) -> Answer:
        store, key = self._next(key)
        return await store.cas(address, key, value, expect)

    async def delete(self, address: str, key: str) -> Answer:
        store, key = self._next(key)
        return await store.delete(address, key)


def _tagged(headers: Mapping[str, str]) -> int:
    return int(headers["ETag"].strip('"'))


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _written(answer: dict[str, Any], swapped: bool) -> Answer:
    return Answer(revision=int(answer["header"]["revision"]), swapped=swapped)
