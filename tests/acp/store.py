"""A key-value store as clients see it: through a member's own gateway, or through our API."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from charts_py.contract import http_paths, ports


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
        async with _Request(self._session, "GET", address, key) as response:
            if response.status == 404:
                return Answer(revision=0)
            return Answer(revision=_revision(response), value=(await response.read()).decode())

    async def put(self, address: str, key: str, value: str) -> Answer:
        async with _Request(self._session, "PUT", address, key, data=value.encode()) as response:
            return Answer(revision=_revision(response), swapped=True)

    async def cas(self, address: str, key: str, value: str, expect: int) -> Answer:
        headers = {"If-Match": f'"{expect}"'} if expect else {"If-None-Match": "*"}
        async with _Request(
            self._session, "PUT", address, key, data=value.encode(), headers=headers
        ) as response:
            if response.status == 412:
                return Answer(revision=0)
            return Answer(revision=_revision(response), swapped=True)

    async def delete(self, address: str, key: str) -> Answer:
        async with _Request(self._session, "DELETE", address, key) as response:
            if response.status == 404:
                return Answer(revision=0)
            return Answer(revision=_revision(response), swapped=True)


class _Request:
    """One call of the API, with its failures sorted into those that took place for certain and others."""

    def __init__(
        self, session: aiohttp.ClientSession, method: str, address: str, key: str, **options: Any
    ) -> None:
        url = f"http://{address}:{ports.CONSENSUS_HTTP.number}{http_paths.CONSENSUS_KEYS}/{key}"
        self._context = session.request(method, url, **options)

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            response = await self._context.__aenter__()
        except aiohttp.ClientConnectorError as error:
            raise FailedError(str(error)) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UnknownError(repr(error)) from None
        if response.status in (200, 201, 204, 404, 412):
            return response
        said = f"{response.status} {(await response.text())[:200]}"
        await self._context.__aexit__(None, None, None)
        raise FailedError(said) if response.status == 503 else UnknownError(said)

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        await self._context.__aexit__(kind, error, trace)
        if isinstance(error, aiohttp.ClientError | OSError | TimeoutError):
            raise UnknownError(repr(error)) from None


def _revision(response: aiohttp.ClientResponse) -> int:
    return int(response.headers["ETag"].strip('"'))


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _written(answer: dict[str, Any], swapped: bool) -> Answer:
    return Answer(revision=int(answer["header"]["revision"]), swapped=swapped)
