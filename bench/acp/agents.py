"""Real agents, each with its etcd, at the ends of a line: the first ones at one end, the last one at the
other, so that a leader's quorum is at hand and the members that outlive it are a round trip apart."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.dwcp.line import End, Line, LineError
from charts_py.contract import http_paths, ports

MEMBERS: Final = 3
_ADDRESS: Final = "10.99.2.{}"
_LOOK_S: Final = 1.0
"""Between two looks at the group. The agents themselves look once a second."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A group that is whole: every member runs, votes, and names the same leader in the same term."""

    leader: int
    term: int
    heartbeat_ms: int
    election_ms: int


@dataclass(frozen=True, kw_only=True)
class Agents:
    """The agents of one group, numbered from 0. `folder` holds data and logs."""

    tools: Path
    folder: Path
    line: Line
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def end(self, number: int) -> End:
        """Where a member runs: all but the last one are at the same end."""
        return self.line.b if number == MEMBERS - 1 else self.line.a

    def address(self, number: int) -> str:
        """Of a member, for whoever is at either end."""
        return _ADDRESS.format(number + 1)

    def start(self, number: int) -> None:
        """Start a member's agent. Its log goes on where it ended."""
        command = [
            *(sys.executable, "-m", "dwcp_runtime.cli.runtime", "consensus", "--insecure"),
            *("--force-insecure", "--name", f"bench-{number}", "--data", str(self.folder / str(number))),
            *("--tools", str(self.tools), "--peers", f"bench-{{i}}={_ADDRESS.format('{i+1}')}"),
            *(("--founding-grant", str(self.folder / "grant")) if number == 0 else ()),
        ]
        with self.log(number).open("ab") as log:
            self.processes[number] = subprocess.Popen(
                [*self.end(number).prefix, *command], stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, number: int) -> float:
        """Kill a member's agent and etcd at once. Returns when, by the monotonic clock."""
        process = self.processes.pop(number)
        family = _family(process.pid)
        moment = time.monotonic()
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        return moment

    def log(self, number: int) -> Path:
        """Where a member's agent logs."""
        return self.folder / f"{number}.log"

    def log_lines(self) -> dict[int, list[str]]:
        """What each agent has logged so far."""
        return {
            number: self.log(number).read_text(errors="replace").splitlines() for number in range(MEMBERS)
        }

    def terms(self) -> list[int]:
        """The term of each member that answers."""
        return [int(status["term"] or 0) for status in self._statuses().values()]

    def seen(self) -> Seen | None:
        """The group, if it is whole."""
        return whole(self._statuses())

    def wait(self, what: str, until: Callable[[Seen], bool], *, still_s: float, limit_s: float) -> Seen:
        """The group once it has been whole, `until` it was true and its term the same for `still_s`.
        LineError when it isn't within `limit_s`."""
        end = time.monotonic() + limit_s
        since, last = time.monotonic(), None
        while time.monotonic() < end:
            found = self.seen()
            if found is None or found != last or not until(found):
                since, last = time.monotonic(), found
            elif time.monotonic() - since >= still_s:
                return found
            time.sleep(_LOOK_S)
        raise LineError(f"{what} within {limit_s:g} s; last seen: {last or 'not whole'}")

    def move_leader(self, seen: Seen, to: int) -> None:
        """Ask etcd to have another member lead."""
        there = self._asked(to, f"{ports.ETCD_CLIENT.number}/v3/maintenance/status", "-d", "{}")
        if there is not None:
            target = json.dumps({"targetID": there["header"]["member_id"]})
            self._asked(
                seen.leader, f"{ports.ETCD_CLIENT.number}/v3/maintenance/transfer-leadership", "-d", target
            )

    def _statuses(self) -> dict[int, dict[str, Any]]:
        found = {}
        for number in range(MEMBERS):
            answer = self._asked(number, f"{ports.CONSENSUS_HTTP.number}{http_paths.CONSENSUS_STATUS}")
            if answer is not None:
                found[number] = answer
        return found

    def _asked(self, number: int, where: str, *words: str) -> dict[str, Any] | None:
        url = f"http://{self.address(number)}:{where}"
        command = [*self.end(number).prefix, "curl", "-sS", "-m", "2", *words, url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            fields = json.loads(done.stdout)
        except ValueError:
            return None
        return fields if isinstance(fields, dict) and "error" not in fields else None


def whole(statuses: dict[int, dict[str, Any]]) -> Seen | None:
    """What the members' `/status` say together, if the group is whole."""
    led = [number for number, status in statuses.items() if status["role"] == "leader"]
    agreed = {(s["leader"], s["term"], json.dumps(s["timings_running"])) for s in statuses.values()}
    if len(statuses) < MEMBERS or len(led) != 1 or len(agreed) != 1:
        return None
    status = statuses[led[0]]
    quorum, timings = status["quorum"], status["timings_running"]
    if quorum is None or timings is None or quorum["voters"] != MEMBERS or quorum["healthy"] != MEMBERS:
        return None
    return Seen(
        leader=led[0],
        term=status["term"],
        heartbeat_ms=timings["heartbeat_ms"],
        election_ms=timings["election_ms"],
    )


@contextlib.contextmanager
def running(tools: Path, folder: Path, line: Line) -> Iterator[Agents]:
    """A group that was just started, gone at the end."""
    folder.mkdir(parents=True)
    agents = Agents(tools=tools, folder=folder, line=line)
    for number in range(MEMBERS):
        _give_address(agents, number)
    try:
        for number in range(MEMBERS):
            agents.start(number)
        yield agents
    finally:
        for number in list(agents.processes):
            agents.kill(number)


def _family(root: int) -> set[int]:
    """A process and all below it, wherever they have their session."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    numbers = [int(word) for word in listed.stdout.split()]
    parents = dict(zip(numbers[::2], numbers[1::2], strict=True))
    family, fresh = {root}, {root}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh} - family
        family |= fresh
    return family


def _give_address(agents: Agents, number: int) -> None:
    end = agents.end(number)
    other = agents.line.b if end is agents.line.a else agents.line.a
    address = agents.address(number)
    for command in (
        ["ip", "-n", str(end.namespace), "addr", "replace", f"{address}/32", "dev", "lo"],
        ["ip", "-n", str(other.namespace), "route", "replace", address, "via", end.address],
    ):
        subprocess.run(command, capture_output=True, check=True)
