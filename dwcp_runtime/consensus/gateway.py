"""A member of the group, spoken to through etcd's JSON gateway. Nothing is decided or retried here."""

from __future__ import annotations

import asyncio
import json
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from charts_py.contract import http_paths
from dwcp_runtime.consensus import gateway_text as wire
from dwcp_runtime.consensus.gateway_error import (
    CompactedError,
    GatewayError,
    NoAnswerError,
    RejectedError,
    UnreachableError,
)
from dwcp_runtime.consensus.gateway_text import (
    Json,
    MemberEntry,
    MemberStatus,
    RangeResult,
    TxnResult,
    WatchBatch,
)

REQUEST_SECONDS: Final = 5.0
"""How long a request may take. etcd itself gives up on a proposal after 5 s and two election timeouts."""

DIAL_SECONDS: Final = 2.0
"""How long a connection may take to come about."""

STALL_SECONDS: Final = 30.0
"""How long a snapshot may pause."""

DEFRAGMENT_SECONDS: Final = 120.0
"""How long a member may take to write its database anew."""

_DIAL: Final = aiohttp.ClientTimeout(total=None, sock_connect=DIAL_SECONDS)
"""aiohttp's own limit on the whole of a request costs more than a request to this machine takes."""

Contexts = Callable[[], ssl.SSLContext | None]


def no_tls() -> None:
    """The contexts of a group without TLS."""
    return


class Gateway:
    """One member by its client URL. Use it as an async context manager, or close it.

    `contexts` gives the TLS context for the next connection. Every method raises GatewayError; `timeout`
    is in seconds. Keys and values are bytes.
    """

    def __init__(self, url: str, contexts: Contexts = no_tls, *, timeout: float = REQUEST_SECONDS) -> None:
        self.url = url.rstrip("/")
        self.timeout = timeout
        self._contexts = contexts
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Drop the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def range(
        self,
        key: bytes,
        end: bytes = b"",
        *,
        limit: int = 0,
        revision: int = 0,
        serializable: bool = False,
        timeout: float | None = None,
    ) -> RangeResult:
        """Read a key or a range, linearizable unless told otherwise. CompactedError for a `revision` that is
        no longer kept."""
        request = wire.range_request(key, end, limit=limit, revision=revision, serializable=serializable)
        return wire.range_result(await self.call("/v3/kv/range", request, timeout=timeout))

    async def txn(
        self,
        compare: Sequence[Json],
        success: Sequence[Json],
        failure: Sequence[Json] = (),
        *,
        timeout: float | None = None,
    ) -> TxnResult:
        """One transaction. Comparisons and operations as `gateway_text` makes them; at most 128 operations,
        and none may write a key that another one writes (etcd's rules)."""
        request = {"compare": list(compare), "success": list(success), "failure": list(failure)}
        return wire.txn_result(await self.call("/v3/kv/txn", request, timeout=timeout))

    async def put(self, key: bytes, value: bytes, *, lease: int = 0, timeout: float | None = None) -> int:
        """Write a key. Returns the revision."""
        request = wire.put_op(key, value, lease=lease)["request_put"]
        answer = await self.call("/v3/kv/put", request, timeout=timeout)
        return wire.number(answer.get("header", {}), "revision")

    async def delete(self, key: bytes) -> bool:
        """Delete a key. Returns whether it was there."""
        return (await self.txn([], [wire.delete_op(key)])).deleted_by(0) > 0

    async def watch(self, key: bytes, end: bytes = b"", revision: int = 0) -> AsyncIterator[WatchBatch]:
        """Follow a key or a range from `revision` on (0: from now on). The first batch is empty and says that
        the watch stands. CompactedError where the revision is no longer kept; NoAnswerError when it breaks:
        go on from the last revision seen plus one."""
        request: dict[str, Any] = {**wire.range_request(key, end), "progress_notify": True}
        if revision:
            request["start_revision"] = str(revision)
        async for result in self._stream("/v3/watch", {"create_request": request}, stall=None):
            if oldest := wire.number(result, "compact_revision"):
                raise CompactedError(
                    f"revision {revision} is no longer kept; the oldest one is {oldest}", oldest
                )
            if result.get("canceled"):
                raise RejectedError(9, str(result.get("cancel_reason") or "the watch was cancelled"))
            yield wire.events(result)

    async def grant_lease(self, seconds: int) -> int:
        """A new lease that ends after `seconds` unless it is kept. Returns its id."""
        return wire.number(await self.call("/v3/lease/grant", {"TTL": str(seconds)}), "ID")

    async def keep_lease(self, lease: int) -> bool:
        """Renew a lease. False: it has ended."""
        async for result in self._stream("/v3/lease/keepalive", {"ID": str(lease)}, stall=self.timeout):
            return wire.number(result, "TTL") > 0
        raise NoAnswerError(f"{self.url} answered nothing")

    async def revoke_lease(self, lease: int) -> None:
        """End a lease, and delete its keys."""
        await self.call("/v3/lease/revoke", {"ID": str(lease)})

    async def members(
        self, *, linearizable: bool = True, timeout: float | None = None
    ) -> tuple[MemberEntry, ...]:
        """The member list. A learner refuses."""
        request = {"linearizable": linearizable}
        return wire.members(await self.call("/v3/cluster/member/list", request, timeout=timeout))

    async def group(self) -> tuple[int, tuple[MemberEntry, ...]]:
        """The group's id and its member list, as a quorum of it knows them."""
        answer = await self.call("/v3/cluster/member/list", {"linearizable": True})
        return wire.number(answer.get("header", {}), "cluster_id"), wire.members(answer)

    async def add_learner(self, peer_url: str) -> MemberEntry:
        """Admit a learner. Its name comes with its first start."""
        answer = await self.call("/v3/cluster/member/add", {"peerURLs": [peer_url], "isLearner": True})
        return wire.member(answer.get("member", {}))

    async def promote(self, member: int) -> None:
        """Make a learner a voter. etcd refuses one that lags behind."""
        await self.call("/v3/cluster/member/promote", {"ID": str(member)})

    async def remove(self, member: int) -> None:
        """Take a member out of the group."""
        await self.call("/v3/cluster/member/remove", {"ID": str(member)})

    async def move_leader(self, to: int) -> None:
        """Hand leadership to another voter. Only the leader does that."""
        await self.call("/v3/maintenance/transfer-leadership", {"targetID": str(to)})

    async def status(self, *, timeout: float | None = None) -> MemberStatus:
        """What the member says of itself; it answers without a quorum, and as a learner."""
        return wire.status(await self.call("/v3/maintenance/status", {}, timeout=timeout))

    async def alarms(self) -> tuple[tuple[int, str], ...]:
        """Alarms that are raised: member id, and `NOSPACE` or `CORRUPT`."""
        answer = await self.call("/v3/maintenance/alarm", {"action": "GET"})
        return tuple(
            (wire.number(alarm, "memberID"), str(alarm.get("alarm", "")))
            for alarm in answer.get("alarms", ())
        )

    async def disarm(self, member: int, alarm: str) -> None:
        """Take an alarm back."""
        request = {"action": "DEACTIVATE", "memberID": str(member), "alarm": alarm}
        await self.call("/v3/maintenance/alarm", request)

    async def compact(self, revision: int) -> None:
        """Forget what keys were before `revision`."""
        await self.call("/v3/kv/compaction", {"revision": str(revision)})

    async def defragment(self) -> None:
        """Give unused space of this member's database back. It answers nothing else meanwhile."""
        await self.call("/v3/maintenance/defragment", {}, timeout=DEFRAGMENT_SECONDS)

    async def snapshot(self) -> AsyncIterator[bytes]:
        """The member's database, followed by the SHA-256 of it (32 bytes), in pieces."""
        async for result in self._stream("/v3/maintenance/snapshot", {}, stall=STALL_SECONDS):
            yield b64decode(result.get("blob") or "")

    async def metrics(self) -> bytes:
        """etcd's own metrics, in Prometheus' text format."""
        try:
            async with self._open().get(
                self.url + http_paths.METRICS,
                timeout=aiohttp.ClientTimeout(total=self.timeout, connect=DIAL_SECONDS),
                ssl=self._tls(),
            ) as answer:
                return await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswerError(f"{self.url} gives no metrics: {_why(error)}") from error

    async def call(self, path: str, body: Json, *, timeout: float | None = None) -> dict[str, Any]:
        """One request of the gateway: JSON in, JSON out."""
        seconds = self.timeout if timeout is None else timeout
        try:
            async with asyncio.timeout(seconds), self._post(path, body, _DIAL) as answer:
                return _checked(answer.status, await answer.read(), self.url)
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(f"{self.url} cannot be reached: {_why(error)}") from error
        except aiohttp.ConnectionTimeoutError as error:
            raise UnreachableError(f"{self.url} did not take a connection in time") from error
        except TimeoutError as error:
            raise NoAnswerError(f"{self.url} did not answer within {seconds:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswerError(f"{self.url} broke off: {_why(error)}") from error

    async def _stream(self, path: str, body: Json, *, stall: float | None) -> AsyncIterator[dict[str, Any]]:
        limits = aiohttp.ClientTimeout(total=None, connect=DIAL_SECONDS, sock_read=stall)
        try:
            async with self._post(path, body, limits) as answer:
                if answer.status != 200:
                    _checked(answer.status, await answer.read(), self.url)
                rest = b""
                async for piece in answer.content.iter_any():
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        if line:
                            yield _result(line, self.url)
                if rest:
                    yield _result(rest, self.url)
        except aiohttp.ClientConnectorError as error:
            raise UnreachableError(f"{self.url} cannot be reached: {_why(error)}") from error
        except aiohttp.ConnectionTimeoutError as error:
            raise UnreachableError(f"{self.url} did not take a connection in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswerError(f"{self.url} broke off: {_why(error)}") from error

    def _post(
        self, path: str, body: Json, limits: aiohttp.ClientTimeout
    ) -> aiohttp.client._RequestContextManager:
        return self._open().post(
            self.url + path,
            data=json.dumps(body, separators=(",", ":")).encode(),
            timeout=limits,
            ssl=self._tls(),
            allow_redirects=False,
        )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # With TLS, etcd logs a warning for every gateway request that carries Accept.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
            )
        return self._session

    def _tls(self) -> ssl.SSLContext | bool:
        context = self._contexts()
        return True if context is None else context


def _checked(code: int, body: bytes, url: str) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise NoAnswerError(f"{url} answered {code} and no JSON: is it an etcd client port?") from error
    if not isinstance(fields, dict):
        raise NoAnswerError(f"{url} answered {code} and no JSON object: is it an etcd client port?")
    if code == 200:
        return fields
    raise _rejected(fields)


def _result(line: bytes, url: str) -> dict[str, Any]:
    fields = _checked(200, line, url)
    if "error" in fields:
        raise _rejected(fields["error"])
    result = fields.get("result", {})
    return result if isinstance(result, dict) else {}


def _rejected(fields: Json) -> GatewayError:
    message = str(fields.get("message") or "no reason given")
    if "required revision has been compacted" in message:
        return CompactedError(message, 0)
    return RejectedError(wire.number(fields, "code") or wire.number(fields, "grpc_code"), message)


def _why(error: BaseException) -> str:
    cause = getattr(error, "os_error", None) or error
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
