"""What the group agrees on, in etcd under a prefix that no user reaches: keys, and values as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from dwcp_runtime.consensus.gateway_text import KeyValue
from dwcp_runtime.consensus.view import Timings

PREFIX: Final = b"/novacron/acp/"
EPOCH: Final = PREFIX + b"epoch"
"""How often the group has been made anew, from 1 on."""
VOTERS: Final = PREFIX + b"voters"
"""The wish for so many voters. Absent: as many as there are members for."""
TIMINGS: Final = PREFIX + b"timings"
ROLLING: Final = PREFIX + b"rolling"
"""The one member that may restart its etcd now, by name."""
MOVES: Final = PREFIX + b"moves/"
"""Below it: a move of leadership for the sake of placement, for an hour."""
JOINING: Final = PREFIX + b"joining/"
"""Below it, by name: a request to be admitted. With a lease: it ends with whoever asks."""
ADMITTED: Final = PREFIX + b"admitted/"
"""Below it, by member id in hexadecimal: the instance of the disk that the member was admitted for."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A disk without data that asks to be admitted as a learner."""

    name: str
    peer_url: str
    instance: str


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """Everything below the prefix, read at one revision. What can't be read counts as absent."""

    epoch: int = 1
    voters: int | None = None
    timings: Timings | None = None
    generation: int = 0
    rolling: str | None = None
    moves: int = 0
    requests: tuple[Request, ...] = ()
    admitted: Mapping[int, str] = field(default_factory=dict)


def joining_key(name: str) -> bytes:
    """Where the member `name` asks."""
    return JOINING + name.encode()


def admitted_key(member: int) -> bytes:
    """Where it is written for whom `member` was added."""
    return ADMITTED + f"{member:x}".encode()


def request_value(request: Request) -> bytes:
    """A request as it is stored."""
    return json.dumps({"peer_url": request.peer_url, "instance": request.instance}).encode()


def timings_value(timings: Timings, generation: int) -> bytes:
    """Agreed timings as they are stored."""
    fields = {
        "generation": generation,
        "heartbeat_ms": timings.heartbeat_ms,
        "election_ms": timings.election_ms,
    }
    return json.dumps(fields).encode()


def agreed(kvs: tuple[KeyValue, ...]) -> Agreed:
    """What a read of the whole prefix gave."""
    values = {kv.key: kv.value for kv in kvs}
    timings, generation = _timings(_object(values.get(TIMINGS)))
    requests = []
    admitted: dict[int, str] = {}
    for key, value in values.items():
        if key.startswith(JOINING):
            fields = _object(value)
            peer_url, instance = fields.get("peer_url"), fields.get("instance")
            if isinstance(peer_url, str) and isinstance(instance, str):
                name = key.removeprefix(JOINING).decode(errors="replace")
                requests.append(Request(name=name, peer_url=peer_url, instance=instance))
        elif key.startswith(ADMITTED):
            try:
                admitted[int(key.removeprefix(ADMITTED), 16)] = value.decode()
            except ValueError:
                continue
    rolling = values.get(ROLLING, b"").decode(errors="replace")
    return Agreed(
        epoch=_number(values.get(EPOCH)) or 1,
        voters=_number(values.get(VOTERS)),
        timings=timings,
        generation=generation,
        rolling=rolling or None,
        moves=sum(key.startswith(MOVES) for key in values),
        requests=tuple(sorted(requests, key=lambda request: request.name)),
        admitted=admitted,
    )


def _number(value: bytes | None) -> int | None:
    return int(value) if value and value.isdigit() and len(value) < 10 else None


def _object(value: bytes | None) -> dict[str, Any]:
    try:
        fields = json.loads(value or b"{}")
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _timings(fields: Mapping[str, Any]) -> tuple[Timings | None, int]:
    numbers = [fields.get(name) for name in ("heartbeat_ms", "election_ms", "generation")]
    heartbeat, election, generation = (
        number if isinstance(number, int) and number > 0 else 0 for number in numbers
    )
    if not (heartbeat and election and generation):
        return None, 0
    return Timings(heartbeat_ms=heartbeat, election_ms=election), generation
