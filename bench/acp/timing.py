"""Adaptive timing on a long line, with real agents: elections that nothing called for, and a failover."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.acp.goals import Verdict
from bench.dwcp.line import End, Line, LineError

MEMBERS: Final = 3
RTT_MS: Final = 150.0
WATCH_S: Final = 600.0
SETTLE_S: Final = 300.0
_HTTP: Final = 9090
_ADDRESS: Final = "10.99.2.{}"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """`elections`: changes of the term in `watched_s` after the timings had settled. `failover_s`: from the
    kill of the leader until another one stood; None: none did."""

    heartbeat_ms: int
    election_ms: int
    settled_s: float
    watched_s: float
    elections: int
    failover_s: float | None

    @property
    def text(self) -> str:
        """A paragraph."""
        failover = (
            "no new leader" if self.failover_s is None else f"a new leader after {self.failover_s:.2f} s"
        )
        return (
            f"{MEMBERS} agents over a line of {RTT_MS:g} ms, {(MEMBERS + 1) // 2} at one end: after "
            f"{self.settled_s:.0f} s all ran a heartbeat of {self.heartbeat_ms} ms and an election timeout "
            f"of {self.election_ms} ms. {self.elections} elections in the {self.watched_s:.0f} s after that. "
            f"The leader's agent and etcd were killed: {failover}."
        )


def verdicts(found: Timing) -> list[Verdict]:
    """Both goals of timing. The first one needs ten minutes."""
    calm = found.elections == 0
    bound = 2 * found.election_ms / 1000
    failover = found.failover_s
    return [
        Verdict(
            goal=f"adaptive timing, RTT {RTT_MS:g} ms: no spurious election in 10 minutes",
            reached=False if not calm else True if found.watched_s >= WATCH_S else None,
            figures=f"{found.elections} in {found.watched_s:.0f} s",
        ),
        Verdict(
            goal=f"adaptive timing, RTT {RTT_MS:g} ms: failover within twice the election timeout",
            reached=failover is not None and failover <= bound,
            figures="none" if failover is None else f"{failover:.2f} s of {bound:.2f} s",
        ),
    ]


def measure(tools: Path, folder: Path, line: Line, *, watch_s: float = WATCH_S) -> Timing:
    """Found a group, let it settle, watch it, and kill its leader. LineError when it doesn't settle."""
    ends = [line.a if number % 2 == 0 else line.b for number in range(MEMBERS)]
    for number, end in enumerate(ends):
        _address(line, end, _ADDRESS.format(number + 1))
    with _agents(tools, folder, ends) as processes:
        begun = time.monotonic()
        settled = _settled(ends, begun + SETTLE_S)
        settled_s = time.monotonic() - begun
        elections, watched_s = _watched(ends, settled["term"], watch_s)
        now = _statuses(ends)
        leader = next(number for number, each in now.items() if each["role"] == "leader")
        # The agents look once a second, which would be the error of the figure: etcd itself is asked.
        rest = {number: end for number, end in enumerate(ends) if number != leader}
        before = max(int(each["header"]["raft_term"]) for each in _members(rest).values())
        killed = time.monotonic()
        _kill(processes[leader])
        failover = _failover(rest, before, killed)
    running = settled["timings_running"]
    return Timing(
        heartbeat_ms=running["heartbeat_ms"],
        election_ms=running["election_ms"],
        settled_s=settled_s,
        watched_s=watched_s,
        elections=elections,
        failover_s=failover,
    )


@contextlib.contextmanager
def _agents(tools: Path, folder: Path, ends: list[End]) -> Iterator[list[subprocess.Popen[bytes]]]:
    folder.mkdir(parents=True)
    processes = []
    try:
        for number, end in enumerate(ends):
            command = [
                *(sys.executable, "-m", "dwcp_runtime.cli.runtime", "consensus", "--insecure"),
                *("--force-insecure", "--name", f"bench-{number}", "--data", str(folder / str(number))),
                *("--tools", str(tools), "--peers", f"bench-{{i}}={_ADDRESS.format('{i+1}')}"),
                *(("--founding-grant", str(folder / "grant")) if number == 0 else ()),
            ]
            with (folder / f"{number}.log").open("wb") as log:
                process = subprocess.Popen(
                    [*end.prefix, *command], stdout=log, stderr=log, start_new_session=True
                )
            processes.append(process)
        yield processes
    finally:
        for process in processes:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The agent, and its etcd wherever that has its session."""
    found = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout.split()
    parents = {int(pid): int(parent) for pid, parent in zip(found[::2], found[1::2], strict=True)}
    family, fresh = {process.pid}, {process.pid}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh} - family
        family |= fresh
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _settled(ends: list[End], until: float) -> dict[str, Any]:
    """The leader's status once all are voters and run the timings of the line."""
    while time.monotonic() < until:
        found = list(_statuses(ends).values())
        timings = {json.dumps(each["timings_running"]) for each in found}
        led = [each for each in found if each["role"] == "leader"]
        if (
            len(found) == len(ends)
            and len(led) == 1
            and len(timings) == 1
            and (led[0]["timings_running"] or {}).get("election_ms", 0) >= 10 * RTT_MS
            and (led[0]["quorum"] or {}).get("voters") == len(ends)
        ):
            return led[0]
        time.sleep(2)
    raise LineError(f"the group did not settle on timings for the line within {SETTLE_S:g} s")


def _watched(ends: list[End], term: int, seconds: float) -> tuple[int, float]:
    begun = time.monotonic()
    newest = term
    while time.monotonic() - begun < seconds:
        newest = max([newest, *(each["term"] or 0 for each in _statuses(ends).values())])
        time.sleep(2)
    return newest - term, time.monotonic() - begun


def _failover(rest: dict[int, End], term: int, killed: float) -> float | None:
    while time.monotonic() - killed < 60:
        for status in _members(rest).values():
            if status.get("leader", "0") != "0" and int(status["header"]["raft_term"]) > term:
                return time.monotonic() - killed
        time.sleep(0.05)
    return None


def _members(ends: dict[int, End]) -> dict[int, dict[str, Any]]:
    found = {}
    for number, end in ends.items():
        answer = _got(end, f"http://{_ADDRESS.format(number + 1)}:2379/v3/maintenance/status", "-d", "{}")
        if answer is not None:
            found[number] = answer
    return found


def _statuses(ends: list[End]) -> dict[int, dict[str, Any]]:
    found = {}
    for number, end in enumerate(ends):
        answer = _got(end, f"http://{_ADDRESS.format(number + 1)}:{_HTTP}/status")
        if answer is not None:
            found[number] = answer
    return found


def _got(end: End, url: str, *words: str) -> dict[str, Any] | None:
    command = [*end.prefix, "curl", "-sS", "-m", "2", *words, url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        fields = json.loads(done.stdout)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _address(line: Line, end: End, address: str) -> None:
    other = line.b if end is line.a else line.a
    for command in (
        ["ip", "-n", str(end.namespace), "addr", "replace", f"{address}/32", "dev", "lo"],
        ["ip", "-n", str(other.namespace), "route", "replace", address, "via", end.address],
    ):
        subprocess.run(command, capture_output=True, check=True)
