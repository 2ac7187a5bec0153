"""Measures adaptive timing: real agents settle, are watched, and lose their leader again and again."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.acp import agents, elections, probe
from bench.acp.agents import MEMBERS, Agents, Seen
from bench.acp.timing import RTT_MS, Failover, Timing
from bench.dwcp.line import Line
from bench.dwcp.place import say

SETTLE_S: Final = 420.0
STILL_S: Final = 90.0
"""Timings change after 60 s that ask for it, and so does the leader: what is to come has come by then."""

CALM_EVERY_S: Final = 0.5
KILL_EVERY_S: Final = 0.04
"""Between two puts at a member, while the group is watched and while its leader is killed."""

_WHOLE_S: Final = 120.0
_WHOLE_STILL_S: Final = 8.0
_WARM_S: Final = 3.0
_FAILOVER_S: Final = 30.0


def measure(tools: Path, folder: Path, line: Line, *, watch_s: float, kills: int) -> Iterator[Timing]:
    """What is known so far: after the watch, and after each kill. LineError when the group doesn't settle."""
    with agents.running(tools, folder, line) as group:
        begun = time.monotonic()
        settled = group.wait(
            "the group did not settle on timings for the line", _fit, still_s=STILL_S, limit_s=SETTLE_S
        )
        settled_s = time.monotonic() - begun
        say(f"  settled after {settled_s:.0f} s: {settled}")
        with _probes(group, CALM_EVERY_S):
            last, watched_s = _watch(group, settled, watch_s)
        asked = elections.asked_for(group.log_lines().values())
        spurious = elections.spurious(settled.term, last, asked)
        found = Timing(
            heartbeat_ms=settled.heartbeat_ms,
            election_ms=settled.election_ms,
            settled_s=settled_s,
            watched_s=watched_s,
            elections=spurious,
            moves=last - settled.term - spurious,
        )
        yield found
        for _ in range(kills):
            failover = _failover(group, _near_leader(group))
            say(f"  {failover}")
            found = replace(found, failovers=(*found.failovers, failover))
            yield found


def _fit(seen: Seen) -> bool:
    return seen.election_ms >= 10 * RTT_MS


def _watch(group: Agents, settled: Seen, seconds: float) -> tuple[int, float]:
    """The newest term, and for how long it was looked for."""
    begun, newest = time.monotonic(), settled.term
    while time.monotonic() - begun < seconds:
        time.sleep(2)
        terms = group.terms()
        if max(terms, default=0) > newest:
            newest = max(terms)
            say(f"  term {newest} after {time.monotonic() - begun:.0f} s")
    return newest, time.monotonic() - begun


def _near_leader(group: Agents) -> Seen:
    """The group whole again and led from the end where two members are, as its agents place it in the end."""
    what = "the group was not whole again"
    seen = group.wait(what, _fit, still_s=_WHOLE_STILL_S, limit_s=_WHOLE_S)
    if group.end(seen.leader) is group.line.a:
        return seen
    group.move_leader(seen, to=0)
    return group.wait(
        "the leader was not where two members are",
        lambda seen: group.end(seen.leader) is group.line.a,
        still_s=_WHOLE_STILL_S,
        limit_s=_WHOLE_S,
    )


def _failover(group: Agents, seen: Seen) -> Failover:
    rest = set(range(MEMBERS)) - {seen.leader}
    with _probes(group, KILL_EVERY_S) as files:
        time.sleep(_WARM_S)
        moment = group.kill(seen.leader)
        first: dict[str, float | None] = {probe.API: None, probe.ETCD: None}
        while None in first.values() and time.monotonic() - moment < _FAILOVER_S:
            time.sleep(0.2)
            for way in first:
                first[way] = _first(files, rest, way, moment)
    group.start(seen.leader)
    api, etcd = (None if end is None else end - moment for end in first.values())
    return Failover(api_s=api, etcd_s=etcd)


def _first(files: Mapping[int, Path], rest: set[int], way: str, moment: float) -> float | None:
    found = []
    for number in rest:
        with files[number].open() as lines:
            found.append(probe.first_after(lines, way, moment))
    return min((end for end in found if end is not None), default=None)


@contextlib.contextmanager
def _probes(group: Agents, every_s: float) -> Iterator[dict[int, Path]]:
    """Puts at every member; what was acknowledged is in a file for each."""
    files: dict[int, Path] = {}
    processes = []
    try:
        for number in range(MEMBERS):
            files[number] = group.folder / f"{number}.puts"
            words = [sys.executable, "-m", "bench.acp.probe", group.address(number), str(every_s)]
            with files[number].open("wb") as out:
                processes.append(subprocess.Popen([*group.end(number).prefix, *words], stdout=out))
        yield files
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
