"""What somebody asks an agent to send: JSON in, an order or the reason against it out. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from charts_py.contract.patterns import ENDPOINT
from charts_py.contract.setting import matches
from dwcp_runtime.network.peers import Peers, UnknownPeerError

LONGEST_NAME: Final = 1024
"""Bytes of a file's name at the receiver in UTF-8, as the wire carries it."""

LONGEST_PATH: Final = 4096
"""PATH_MAX of Linux."""

_KEYS: Final = {
    "path": "a file in the data folder",
    "name": f"relative name at the receiver, at most {LONGEST_NAME} bytes, without `..`",
    "peer": "a configured region",
    "endpoint": "host:port, instead of peer",
    "baseline": "optional: a file in the data folder that the receiver has, too",
}


class BadOrderError(Exception):
    """An order that cannot be taken. `allowed` says what can."""

    def __init__(self, message: str, allowed: str) -> None:
        super().__init__(message)
        self.allowed = allowed


@dataclass(frozen=True, kw_only=True)
class Order:
    """Send `path` to `endpoint` as `name`.

    `region` is the peer's, None where an endpoint was given. `names` are the DNS names of which the
    certificate of whoever answers must have one. `baseline` is an older version of the file that the receiver
    has, too.
    """

    path: Path
    name: str
    endpoint: str
    names: frozenset[str]
    region: str | None = None
    baseline: Path | None = None


def parse_order(body: bytes, peers: Peers) -> Order:
    """The order in a request's body. Raises BadOrderError. Paths are as written, not yet looked at."""
    entries = _entries(body)
    name = _text(entries, "name", LONGEST_NAME)
    if name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/")):
        raise BadOrderError(f"name: {name!r} is no relative name", _KEYS["name"])
    region, endpoint = _target(entries, peers)
    baseline = _text(entries, "baseline", LONGEST_PATH) if "baseline" in entries else None
    return Order(
        path=Path(_text(entries, "path", LONGEST_PATH)),
        name=name,
        endpoint=endpoint,
        region=region,
        names=peers.expected_names(endpoint),
        baseline=Path(baseline) if baseline is not None else None,
    )


def _entries(body: bytes) -> Mapping[str, Any]:
    shape = "a JSON object with " + "; ".join(f"{key}: {words}" for key, words in _KEYS.items())
    try:
        entries = json.loads(body)
    except (ValueError, RecursionError):
        raise BadOrderError("the body is not JSON", shape) from None
    if not isinstance(entries, dict):
        raise BadOrderError("the body is no JSON object", shape)
    unknown = sorted(entries.keys() - _KEYS.keys())
    if unknown:
        raise BadOrderError(f"unknown key {unknown[0][:100]!r}", ", ".join(_KEYS))
    return entries


def _target(entries: Mapping[str, Any], peers: Peers) -> tuple[str | None, str]:
    if ("peer" in entries) == ("endpoint" in entries):
        raise BadOrderError("say where to: either peer or endpoint", f"{_KEYS['peer']}, or host:port")
    if "peer" in entries:
        region = _text(entries, "peer", 253)
        try:
            return region, peers.get(region).endpoint
        except UnknownPeerError as error:
            raise BadOrderError(f"peer: {error}", ", ".join(sorted(peers.by_region))) from None
    endpoint = _text(entries, "endpoint", 260)
    if not matches(ENDPOINT, endpoint) or not 1 <= int(endpoint.rpartition(":")[2]) <= 65535:
        raise BadOrderError(
            f"endpoint: {endpoint!r} is not host:port", "a DNS name or IPv4 address, and a port"
        )
    return None, endpoint


def _text(entries: Mapping[str, Any], key: str, longest: int) -> str:
    value = entries.get(key)
    if key not in entries:
        raise BadOrderError(f"{key}: missing", _KEYS[key])
    if not isinstance(value, str) or not value:
        raise BadOrderError(f"{key}: must be text that is not empty", _KEYS[key])
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise BadOrderError(f"{key}: is not Unicode text", _KEYS[key]) from None
    if size > longest:
        raise BadOrderError(f"{key}: {size} bytes are too many", f"at most {longest} bytes")
    if not value.isprintable():
        raise BadOrderError(f"{key}: has a control character", _KEYS[key])
    return value
