"""What is asked of one key: the text of a request in, a call or a refusal out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from charts_py.contract import http_paths
from dwcp_runtime.consensus import conditions_text, request_text
from dwcp_runtime.consensus.answers import Refused
from dwcp_runtime.consensus.conditions_text import BadConditionError

MOST_REVISION: Final = (1 << 63) - 1
"""etcd counts in 63 bits."""

FRONT: Final = http_paths.CONSENSUS_KEYS + "/"
"""What stands in front of a key."""

_OF_A_READ: Final = frozenset({"revision"})
_OF_A_WRITE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, kw_only=True)
class KeyRead:
    """`revision` 0: as the key is now."""

    key: bytes
    revision: int


@dataclass(frozen=True, kw_only=True)
class KeyWrite:
    """`deletes`: nothing is to be written. `expected`: as `put_batch.Write` has it."""

    key: bytes
    deletes: bool
    expected: int | None


def read(target: str) -> KeyRead:
    """The call of a GET. `target`: path and query as they came. Raises Refused."""
    key = _key(target)
    values = request_text.query(target, _OF_A_READ)
    revision = request_text.number(values, "revision", default=0, most=MOST_REVISION)
    return KeyRead(key=key, revision=revision)


def write(
    target: str, *, deletes: bool, origin: str | None, if_match: str | None, if_none_match: str | None
) -> KeyWrite:
    """The call of a PUT or DELETE with these headers. Raises Refused."""
    refuse_web_pages(origin)
    key = _key(target)
    try:
        expected = conditions_text.expected(if_match, if_none_match)
    except BadConditionError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, str(error), allowed=conditions_text.ALLOWED) from None
    request_text.query(target, _OF_A_WRITE)
    return KeyWrite(key=key, deletes=deletes, expected=expected)


def refuse_web_pages(origin: str | None) -> None:
    """For what changes something. Raises Refused."""
    # A browser on a machine that reaches this port says on behalf of which page it asks.
    if origin is not None:
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "web pages may not change anything",
            allowed="requests without an Origin header",
        )


def _key(target: str) -> bytes:
    path = target.partition("?")[0]
    if not path.startswith(FRONT):
        raise Refused(HTTPStatus.BAD_REQUEST, "the path is not in origin form", allowed=f"{FRONT}KEY")
    return request_text.decoded(path[len(FRONT) :], "the key")
