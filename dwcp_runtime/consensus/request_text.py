"""What a request's target says, percent-encoded as it came: text in, values or a refusal out. Pure."""

from __future__ import annotations

from http import HTTPStatus

from dwcp_runtime.consensus import key_text
from dwcp_runtime.consensus.answers import Refused
from dwcp_runtime.consensus.key_text import BadKeyError


def decoded(raw: str, what: str) -> bytes:
    """The bytes of a key or a prefix; `what` names it. Raises Refused."""
    try:
        return key_text.decode(raw)
    except BadKeyError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"{what}: {error}", allowed=error.allowed) from None


def query(target: str, allowed: frozenset[str]) -> dict[str, str]:
    """The query's values as they stand there, percent-encoded. Raises Refused."""
    _, mark, text = target.partition("?")
    found: dict[str, str] = {}
    for part in text.split("&") if mark else ():
        name, _, value = part.partition("=")
        if name in found or name not in allowed:
            wrong = "twice" if name in found else "not known here"
            names_allowed = ", ".join(sorted(allowed)) or "no query"
            raise Refused(HTTPStatus.BAD_REQUEST, f"{name[:40]!r} is {wrong}", allowed=names_allowed)
        found[name] = value
    return found


def number(values: dict[str, str], name: str, *, default: int, most: int, least: int = 0) -> int:
    """A number of the query. Raises Refused."""
    raw = values.get(name)
    if raw is None:
        return default
    found = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 20 else -1
    if not least <= found <= most:
        raise Refused(HTTPStatus.BAD_REQUEST, f"{name}={raw[:40]}", allowed=f"{least} to {most}")
    return found
