"""Answers of the HTTP API: JSON, refusals that say what is allowed, and what an error of etcd means."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from charts_py.contract import commands
from dwcp_runtime.consensus.gateway_error import CompactedError, GatewayError, RejectedError
from dwcp_runtime.consensus.status_document import Condition, condition_as_json
from dwcp_runtime.consensus.transaction import Written
from dwcp_runtime.network import logs

REVISION_HEADER: Final = "Novacron-Revision"
"""The store's revision that an answer shows or made."""

RETRY_SECONDS: Final = 1

_log = logs.logger("api")

_JSON: Final = {"Content-Type": "application/json", "Server": commands.RUNTIME}
_OCTETS: Final = {"Content-Type": "application/octet-stream", "Server": commands.RUNTIME}
_NO_SPACE: Final = "database space exceeded"


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """Raised by a handler; carries the answer."""

    def __init__(
        self,
        status: HTTPStatus,
        error: str,
        *,
        allowed: str,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(error)
        self.response = answer(
            {"error": error, "allowed": allowed, **more}, status=status, headers=headers or {}
        )


def answer(
    fields: dict[str, Any], *, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> web.Response:
    """JSON, on one line."""
    return web.Response(
        body=json.dumps(fields).encode() + b"\n", status=status, headers={**_JSON, **(headers or {})}
    )


def value(data: bytes, headers: dict[str, str]) -> web.Response:
    """Bytes as they were written."""
    return web.Response(body=data, headers={**_OCTETS, **headers})


def revised(fields: dict[str, Any], revision: int) -> web.Response:
    """JSON of a revision."""
    return answer(fields, headers=revision_headers(revision))


def written(outcome: Written) -> web.Response:
    """A write that took effect. Of a put the revision is also the key's."""
    fields: dict[str, Any] = {"revision": outcome.revision}
    if outcome.deleted is not None:
        return revised({**fields, "deleted": outcome.deleted}, outcome.revision)
    return answer(fields, headers=revision_headers(outcome.revision, outcome.revision))


def revision_headers(revision: int, tag: int | None = None) -> dict[str, str]:
    """The headers that bear revisions."""
    headers = {REVISION_HEADER: str(revision)}
    return headers if tag is None else {**headers, "ETag": f'"{tag}"'}


def unavailable(condition: Condition) -> Refused:
    """For what needs a quorum, or a member that serves, and was not tried."""
    runbook = f"see {condition.runbook}" if condition.runbook else "another member"
    return Refused(
        HTTPStatus.SERVICE_UNAVAILABLE,
        condition.message,
        allowed=f"the same again later; {runbook}",
        headers=_later(),
        outcome="not done",
        condition=condition_as_json(condition),
    )


def read_failed(error: GatewayError, condition: Condition | None) -> Refused:
    """A read that etcd did not answer. `condition`: what is known to be wrong, if anything."""
    if isinstance(error, CompactedError):
        oldest = f"; the oldest kept is {error.oldest}" if error.oldest else ""
        return Refused(
            HTTPStatus.GONE,
            f"the revision asked for is no longer kept{oldest}",
            allowed="a read without a revision",
        )
    if isinstance(error, RejectedError) and not error.outcome_unknown:
        return Refused(HTTPStatus.BAD_REQUEST, f"etcd refuses: {error}", allowed="what etcd takes")
    if condition is not None:
        return unavailable(condition)
    return Refused(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"no answer of the group in time: {error}",
        allowed="the same again",
        headers=_later(),
    )


def write_failed(error: GatewayError, condition: Condition | None) -> Refused:
    """A write that etcd did not answer, or refused. What may have taken effect is never called a failure."""
    more = {} if condition is None else {"condition": condition_as_json(condition)}
    if error.outcome_unknown:
        return Refused(
            HTTPStatus.GATEWAY_TIMEOUT,
            f"whether it was written is not known: {error}",
            allowed="read the key to find out; repeat a conditional write, which takes effect at most once",
            outcome="unknown",
            **more,
        )
    full = _NO_SPACE in str(error)
    return Refused(
        HTTPStatus.INSUFFICIENT_STORAGE if full else HTTPStatus.SERVICE_UNAVAILABLE,
        f"not written: {error}",
        allowed="reads and deletions, until there is room again" if full else "the same again",
        headers=_later(),
        outcome="not done",
        **more,
    )


def fault(error: Exception, method: str, path: str) -> Refused:
    """What nobody thought of, and the log says."""
    logs.fault(_log, "request-fault", error, method=method, path=path)
    return Refused(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "a fault of the agent's own; its log says more",
        allowed="a read to see how things stand, then another try",
        outcome="unknown",
    )


def _later() -> dict[str, str]:
    return {"Retry-After": str(RETRY_SECONDS)}
