"""Which elections were asked for: lines of the agents' logs in, terms out. Pure.

A member that hears no leader for an election timeout asks for pre-votes before it stands; one that was asked
to take leadership over stands at once (raft's MsgTimeoutNow). The agents pass on what etcd logs of that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

_BECAME: Final = re.compile(r"\bbecame (pre-candidate|candidate|follower|leader) at term (\d+)")


def asked_for(logs: Iterable[Iterable[str]]) -> frozenset[int]:
    """The terms in which a member stood because leadership was handed to it. One log for each member."""
    found: set[int] = set()
    for lines in logs:
        before = ""
        for line in lines:
            became = _BECAME.search(_message(line))
            if became is None:
                continue
            if became[1] == "candidate" and before != "pre-candidate":
                found.add(int(became[2]))
            before = became[1]
    return frozenset(found)


def spurious(first: int, last: int, asked: frozenset[int]) -> int:
    """How many of the terms after `first` up to `last` nobody asked for."""
    return sum(term not in asked for term in range(first + 1, last + 1))


def _message(line: str) -> str:
    try:
        fields = json.loads(line)
    except ValueError:
        return ""
    return str(fields.get("message", "")) if isinstance(fields, dict) else ""
