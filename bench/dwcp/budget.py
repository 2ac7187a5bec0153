"""How long a benchmark takes, and what of it fits into the time that there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.dwcp.profiles import Profile, with_others
from bench.dwcp.raw import OTHERS, OTHERS_LIMIT

_START_S: Final = 2.0
"""Of a line or a tool: programs, keys, comparing what arrived."""
_FLOWS: Final = 2.5
_FLOWS_AT_HIGH_LOSS: Final = 4.0
"""How many stream counts of iperf3 are usually tried."""
_SLOWNESS: Final = 1.2
"""What a transfer takes beside what the line's rate would."""
_OTHER_SLOWNESS: Final = 1.6
_PARTS_S: Final = {"raw": 30.0, "image": 560.0, "loopback": 90.0, "encoder": 90.0, "memory": 150.0}


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """At which profiles the other tools run too, and how many seconds all of it should take."""

    others: frozenset[Profile]
    seconds: float


def schedule(
    profiles: Sequence[Profile], parts: Sequence[str], *, minutes: float, seconds: float, runs: int
) -> Schedule:
    """Ours and iperf3 run at every profile, whatever the time; the others at as many as fit."""
    fixed = sum(_PARTS_S[part] for part in parts)
    if "raw" not in parts:
        return Schedule(others=frozenset(), seconds=fixed)
    fixed += sum(_own(profile, seconds, runs) for profile in profiles)
    each = len(OTHERS) * (seconds * min(_OTHER_SLOWNESS, OTHERS_LIMIT) + _START_S)
    chosen = with_others(profiles, affordable=int((minutes * 60 - fixed) / each))
    return Schedule(others=chosen, seconds=fixed + each * len(chosen))


def _own(profile: Profile, seconds: float, runs: int) -> float:
    flows = _FLOWS_AT_HIGH_LOSS if profile.loss > 1e-3 else _FLOWS
    return (runs + flows) * (seconds * _SLOWNESS + _START_S) + _START_S
