"""A group of etcd members at the ends of a line, its leader, and our API beside the leader."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.dwcp.line import End, Line, LineError
from charts_py.contract.dwcp import quorum

_FIRST: Final = ipaddress.ip_address("10.99.1.1")
_PEER, _CLIENT, _API = 23800, 23790, 23990
_START_S: Final = 60.0


class GroupError(RuntimeError):
    """A group that did not come about."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One member: where it runs and where it is reached."""

    name: str
    end: End
    address: str
    number: int

    @property
    def client(self) -> str:
        """HOST:PORT for clients."""
        return f"{self.address}:{_CLIENT + self.number}"

    @property
    def peer(self) -> str:
        """HOST:PORT for the other members."""
        return f"{self.address}:{_PEER + self.number}"


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group that answers, led by its first member. `api`: HOST:PORT of ours, beside the leader."""

    members: Sequence[Member]
    api: str

    @property
    def leader(self) -> Member:
        """Who leads, and where the load is."""
        return self.members[0]

    def hold_leader(self) -> None:
        """Move leadership back to the first member, if an election has moved it. Raises GroupError."""
        hold_leader(self.members)


def timings(rtt_ms: float) -> tuple[int, int]:
    """Heartbeat and election timeout in ms, as the agents would choose them for a line."""
    heartbeat = max(100, round(rtt_ms))
    return heartbeat, max(1000, 10 * heartbeat)


@contextlib.contextmanager
def running(tools: Path, folder: Path, line: Line, *, size: int, rtt_ms: float) -> Iterator[Group]:
    """A group of `size` on the disk of `folder`, gone at the end. Over a line the leader is with the smaller
    part of the group, one less than a quorum, so that every commit crosses the line. Raises GroupError."""
    members = _placed(line, size)
    folder.mkdir(parents=True)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        with contextlib.ExitStack() as stack:
            for member in members:
                log = stack.enter_context((folder / f"{member.name}.log").open("wb"))
                command = [*member.end.prefix, *_etcd(tools, folder, member, members, rtt_ms)]
                processes.append(subprocess.Popen(command, stdout=log, stderr=log))
            log = stack.enter_context((folder / "api.log").open("wb"))
            leader = members[0]
            hold_leader(members)
            api = f"{leader.address}:{_API}"
            command = [
                sys.executable,
                "-m",
                "bench.acp.api",
                f"http://{leader.client}",
                leader.address,
                str(_API),
            ]
            processes.append(subprocess.Popen([*leader.end.prefix, *command], stdout=log, stderr=log))
            _until_served(leader.end, api)
            yield Group(members=members, api=api)
    finally:
        # Nothing of theirs is kept: leadership that is handed over at an orderly end only takes time.
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def hold_leader(members: Sequence[Member]) -> None:
    """Have the first member lead. Raises GroupError."""
    end = time.monotonic() + _START_S
    first = members[0]
    while time.monotonic() < end:
        with contextlib.suppress(GroupError):
            status = ask(first, "/v3/maintenance/status")
            own, leader = status["header"]["member_id"], status.get("leader", "0")
            if own == leader:
                return
            for member in members[1:] if leader != "0" else ():
                there = ask(member, "/v3/maintenance/status")
                if there["header"]["member_id"] == leader:
                    ask(member, "/v3/maintenance/transfer-leadership", targetID=own)
        time.sleep(0.2)
    raise GroupError(f"{first.name} did not become leader of {len(members)} within {_START_S:g} s")


def ask(member: Member, path: str, **body: str) -> dict[str, Any]:
    """One request of a member's JSON gateway, from where it runs. Raises GroupError."""
    command = ["curl", "-sS", "-m", "5", "-d", json.dumps(body), f"http://{member.client}{path}"]
    done = subprocess.run([*member.end.prefix, *command], capture_output=True, text=True, check=False)
    try:
        fields = json.loads(done.stdout)
    except ValueError:
        raise GroupError(done.stderr.strip() or done.stdout[:200]) from None
    if not isinstance(fields, dict) or "error" in fields:
        raise GroupError(done.stdout[:200])
    return fields


def put(member: Member, key: bytes, value: bytes) -> None:
    """Write through the member. Raises GroupError when it isn't acknowledged."""
    ask(
        member,
        "/v3/kv/put",
        key=base64.b64encode(key).decode(),
        value=base64.b64encode(value).decode(),
    )


def _placed(line: Line, size: int) -> list[Member]:
    near = quorum(size) - 1
    members = []
    for number in range(size):
        end = line.a if number < near or not line.b.namespace else line.b
        address = str(_FIRST + number) if end.namespace else end.address
        members.append(Member(name=f"m{number}", end=end, address=address, number=number))
    for member in members:
        if member.end.namespace:
            _address(line, member)
    return members


def _address(line: Line, member: Member) -> None:
    """An address of its own for each member: what one of them says to another crosses the line or doesn't."""
    other = line.b if member.end is line.a else line.a
    for command in (
        ["ip", "-n", str(member.end.namespace), "addr", "replace", f"{member.address}/32", "dev", "lo"],
        ["ip", "-n", str(other.namespace), "route", "replace", member.address, "via", member.end.address],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LineError(f"{' '.join(command)}: {done.stderr.strip()}")


def _etcd(tools: Path, folder: Path, member: Member, members: Sequence[Member], rtt_ms: float) -> list[str]:
    heartbeat, election = timings(rtt_ms)
    client, peer = f"http://{member.client}", f"http://{member.peer}"
    return [
        *(str(tools / "etcd"), "--name", member.name, "--data-dir", str(folder / member.name)),
        *("--listen-client-urls", client, "--advertise-client-urls", client),
        *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
        *("--initial-cluster", ",".join(f"{each.name}=http://{each.peer}" for each in members)),
        *("--heartbeat-interval", str(heartbeat), "--election-timeout", str(election)),
        *("--log-level", "error"),
    ]


def _until_served(end: End, api: str) -> None:
    until = time.monotonic() + _START_S
    command = [*end.prefix, "curl", "-sS", "-m", "2", f"http://{api}/livez"]
    while time.monotonic() < until:
        if not subprocess.run(command, capture_output=True, check=False).returncode:
            return
        time.sleep(0.1)
    raise GroupError(f"the API did not come up at {api}")
