"""Members as they are in production: an agent, and the etcd that it supervises."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from charts_py.contract import http_paths, names, ports
from tests.acp.group import Group, member_name
from tests.acp.network import ADDRESSES
from tests.e2e.machine import BINARIES, CHECKOUT

PEERS = f"{names.CONSENSUS}-{{i}}={ADDRESSES}"


def launch(group: Group, member: int) -> Sequence[str | Path]:
    """The command of one member's agent."""
    return command(group, member)


def command(group: Group, member: int, *verb: str | Path) -> list[str | Path]:
    """What `dwcp-runtime consensus` is told about the member, with one of its verbs or none."""
    return [
        *("env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "dwcp_runtime.cli.runtime", "consensus"),
        *verb,
        *("--name", member_name(member), "--peers", PEERS, "--data", group.data(member)),
        *("--founding-grant", group.folder / "grant", "--tools", BINARIES),
        *("--insecure", "--force-insecure"),
    ]


async def run(group: Group, member: int, *verb: str | Path) -> tuple[int, str]:
    """Run a verb where the member is; its exit code and what it said."""
    words = [str(word) for word in (*group.network.within(member), *command(group, member, *verb))]
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode is not None
    return process.returncode, said.decode(errors="replace")


def events(group: Group, member: int) -> Iterator[dict[str, Any]]:
    """What the member's agents have logged, first start first."""
    for log in group.logs(member):
        for line in log.read_text(errors="replace").splitlines():
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict) and "event" in found:
                yield found


class Follower:
    """Reads what agents log while they log it."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._read: dict[Path, int] = {}

    def new(self) -> list[tuple[int, str]]:
        """Members and the kinds of the actions that they have begun since the last call."""
        found = []
        for member in sorted(self._group.pods):
            log = self._group.processes[member].log
            with log.open("rb") as file:
                file.seek(self._read.get(log, 0))
                whole, end, _ = file.read().rpartition(b"\n")
            self._read[log] = self._read.get(log, 0) + len(whole) + len(end)
            for line in whole.splitlines():
                if b'"event": "action"' in line:
                    found.append((member, json.loads(line)["action"].partition("(")[0]))
        return found


async def health(group: Group, session: aiohttp.ClientSession, member: int) -> tuple[int, str]:
    """What the agent's `/health` answers: status and body; 0 if it doesn't answer."""
    url = f"http://{group.network.address(member)}:{ports.CONSENSUS_HTTP.number}{http_paths.CONSENSUS_HEALTH}"
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=3)) as response:
            return response.status, await response.text()
    except (aiohttp.ClientError, OSError, TimeoutError):
        return 0, ""
