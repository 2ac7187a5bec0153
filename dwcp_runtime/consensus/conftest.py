"""Real etcd for the tests beside: `make test` builds it, `python tools/build.py consensus` by hand."""

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]
TOOLS = CHECKOUT / ".novacron" / "bin"


@dataclass(frozen=True, kw_only=True)
class Etcd:
    """A running member and where it is."""

    process: subprocess.Popen[bytes]
    client_url: str
    peer_url: str
    data: Path


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of etcd and etcdutl."""
    for name in ("etcd", "etcdutl"):
        if not (TOOLS / name).is_file():
            pytest.fail(f"{TOOLS / name} is not built: run `python tools/build.py consensus`")
    return TOOLS


@pytest.fixture
def start_etcd(tools: Path, tmp_path: Path) -> Iterator[Callable[..., Etcd]]:
    """Starts members. `cluster`: the other members of a group to join, as etcd's option spells them."""
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str = "only", *words: str, cluster: str = "", client: int = 0, peer: int = 0) -> Etcd:
        client, peer = client or free_port(), peer or free_port()
        client_url, peer_url = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        command = [str(tools / "etcd"), "--name", name, "--data-dir", str(tmp_path / name)]
        command += ["--listen-client-urls", client_url, "--advertise-client-urls", client_url]
        command += ["--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url]
        command += ["--initial-cluster", f"{cluster}{',' if cluster else ''}{name}={peer_url}"]
        command += ["--initial-cluster-state", "existing" if cluster else "new"]
        command += ["--unsafe-no-fsync", "--log-level", "error", "--max-learners", "11", *words]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(process)
        _until_answered(f"{client_url}/version")
        return Etcd(process=process, client_url=client_url, peer_url=peer_url, data=tmp_path / name)

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def etcd(start_etcd: Callable[..., Etcd]) -> Etcd:
    """A group of one."""
    started = start_etcd()
    _until_answered(f"{started.client_url}/health")
    return started


def _until_answered(url: str, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


class Lab:
    """Agents as processes of their own, each with a loopback address of its own."""

    def __init__(self, tools: Path, root: Path) -> None:
        self.tools = tools
        self.root = root
        self.net = f"127.{random.randint(20, 250)}.{random.randint(0, 250)}"
        self.agents: dict[int, subprocess.Popen[bytes]] = {}

    def words(self, ordinal: int) -> list[str]:
        """The options of one agent."""
        return [
            *("--insecure", "--name", f"lab-{ordinal}", "--peers", f"lab-{{i}}={self.net}.{{i+1}}"),
            *("--data", str(self.root / str(ordinal)), "--tools", str(self.tools)),
            *("--founding-grant", str(self.root / "grant")),
        ]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of `dwcp-runtime consensus`, to its end."""
        command = [sys.executable, "-m", "dwcp_runtime.cli.runtime", "consensus", *words]
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=environment
        )

    def start(self, *ordinals: int) -> None:
        """Start agents."""
        for ordinal in ordinals:
            command = [sys.executable, "-m", "dwcp_runtime.cli.runtime", "consensus", *self.words(ordinal)]
            self.agents[ordinal] = subprocess.Popen(
                [*command, "--unsafe-no-fsync", "--log", "json"],
                env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
                stdout=subprocess.DEVNULL,
                stderr=(self.root / f"log{ordinal}").open("ab"),
            )

    def end(self, ordinal: int, how: int) -> None:
        """Send a signal and wait for the end."""
        self.agents[ordinal].send_signal(how)
        self.agents[ordinal].wait(30)

    def agent(self, ordinal: int) -> str:
        """The URL of an agent."""
        return f"http://{self.net}.{ordinal + 1}:9090"

    def status(self, ordinal: int) -> dict[str, Any]:
        """What an agent says of itself; empty while it says nothing."""
        try:
            with urllib.request.urlopen(self.agent(ordinal) + "/status", timeout=5) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except OSError:
            return {}

    def wait(self, ordinal: int, good: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> Any:
        """Wait until an agent says something; returns its status then."""
        end = time.monotonic() + seconds
        while not good(status := self.status(ordinal)):
            if time.monotonic() > end:
                log = (self.root / f"log{ordinal}").read_text()[-3000:]
                pytest.fail(f"lab-{ordinal} never came so far; it is {status}\n{log}")
            time.sleep(0.2)
        return status

    def voters(self, ordinal: int, *names: int) -> Any:
        """Wait until the group has exactly these voters, and all of them answer."""

        def good(status: dict[str, Any]) -> bool:
            answering = [m["name"] for m in status.get("members", ()) if m["reachable"] and not m["learner"]]
            return (
                answering
                == [f"lab-{name}" for name in names]
                == [m["name"] for m in status.get("members", ())]
            )

        return self.wait(ordinal, good)


@pytest.fixture
def lab(tools: Path, tmp_path: Path) -> Iterator[Lab]:
    """Agents that end with the test."""
    made = Lab(tools, tmp_path)
    yield made
    for agent in made.agents.values():
        agent.kill()
        agent.wait()


@pytest.fixture
def run() -> Callable[[Awaitable[Any]], Any]:
    """Run a coroutine to its end, on a loop of its own."""

    def runner(work: Awaitable[Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(60):
                return await work

        return asyncio.run(bounded())

    return runner
