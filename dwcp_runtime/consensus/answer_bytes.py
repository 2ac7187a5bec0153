"""Answers as they go over the line, for what aiohttp does not send. Pure; HTTP/1.1 as aiohttp writes it."""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache

from aiohttp import web

from dwcp_runtime.consensus import answers
from dwcp_runtime.consensus.transaction import Written


def written(outcome: Written, second: int) -> bytes:
    """The answer to a write that took effect. `second`: the time, Unix."""
    return _written(outcome.revision, outcome.deleted, second)


# All writes of one transaction have the same answer.
@lru_cache(maxsize=16)
def _written(revision: int, deleted: bool | None, second: int) -> bytes:
    return of(answers.written(Written(revision=revision, deleted=deleted)), second)


def of(response: web.Response, second: int) -> bytes:
    """Any answer with a body of bytes."""
    body = response.body
    assert isinstance(body, bytes)
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines += [f"Content-Length: {len(body)}", f"Date: {_date(second)}", "\r\n"]
    return "\r\n".join(lines).encode() + body


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
