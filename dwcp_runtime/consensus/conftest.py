"""Real etcd for the tests beside: `make test` builds it, `python tools/build.py consensus` by hand."""

import asyncio
import socket
import subprocess
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).parents[2] / ".novacron" / "bin"


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


@pytest.fixture
def run() -> Callable[[Awaitable[Any]], Any]:
    """Run a coroutine to its end, on a loop of its own."""

    def runner(work: Awaitable[Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(60):
                return await work

        return asyncio.run(bounded())

    return runner
