import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme

from charts_py.contract import metrics as contract
from dwcp_runtime.network import logs
from dwcp_runtime.network.agent import Agent, Outcome
from dwcp_runtime.network.config import load_config
from dwcp_runtime.network.fake_engine import FakeEngine
from dwcp_runtime.network.gate_test import issue
from dwcp_runtime.network.options import Address, Options
from dwcp_runtime.network.readiness import Phase
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.progress import State

LOOPBACK = Address(host="127.0.0.1", port=0)
SOUND = "environment: lab\nregion: lab-1\npeers:\n- {region: lab-2, endpoint: '127.0.0.1:9'}\n"
ORDER = {"path": "disk.img", "name": "disk.img", "peer": "lab-2"}


class Volume:
    """A ConfigMap as Kubernetes mounts it: files behind one link that is turned."""

    def __init__(self, root: Path, text: str) -> None:
        self.root = root
        self.turn = 0
        root.mkdir()
        self.publish(text)
        (root / "dwcp.yaml").symlink_to("..data/dwcp.yaml")

    def publish(self, text: str) -> None:
        self.turn += 1
        (self.root / f"..{self.turn}").mkdir()
        (self.root / f"..{self.turn}" / "dwcp.yaml").write_text(text)
        (self.root / "..new").symlink_to(f"..{self.turn}")
        (self.root / "..new").rename(self.root / "..data")


class Life:
    """An agent on free ports over a fake engine, with a clock that stands still."""

    def __init__(self, root: Path, *, stubborn: bool = False, **options: Any) -> None:
        self.volume = Volume(root / "config", SOUND)
        (root / "data").mkdir()
        (root / "data" / "disk.img").write_bytes(b"x")
        path = root / "config" / "dwcp.yaml"
        given = Options(
            config=path, listen=LOOPBACK, admin=LOOPBACK, tls=None, data=root / "data", grace=80.0
        )
        self.now = 1000.0
        self.engine = FakeEngine(stubborn=stubborn)
        self.agent = Agent(
            replace(given, **options), load_config(path), lambda parts: self.engine, clock=lambda: self.now
        )

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.agent.admin.port}{path}"
        async with aiohttp.ClientSession() as client, client.request(method, url, **options) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text

    async def failures(self, what: str) -> float:
        _, text = await self.ask("GET", "/metrics")
        return metric(text, f'{contract.RELOAD_FAILURES.name}{{what="{what}"}}')


def metric(text: str, series: str) -> float:
    (line,) = (line for line in text.splitlines() if line.startswith(series + " "))
    return float(line.rpartition(" ")[2])


@asynccontextmanager
async def alive(life: Life) -> AsyncIterator[asyncio.Task[Outcome]]:
    task = asyncio.create_task(life.agent.run(signals=False))
    try:
        while life.agent.readiness.phase is Phase.STARTING and not task.done():
            await asyncio.sleep(0)
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await asyncio.wait_for(test(), 30)

    asyncio.run(whole())


def test_an_agent_is_ready_when_it_listens(tmp_path: Path):
    async def test() -> None:
        life = Life(tmp_path)
        async with alive(life):
            assert life.agent.gate.port
            assert await life.ask("GET", "/ready") == (200, {"ready": True})

    run(test)


def test_an_idle_agent_ends_at_the_first_signal(tmp_path: Path):
    async def test() -> None:
        life = Life(tmp_path)
        async with alive(life) as task:
            life.agent.stop()
            assert await task is Outcome.DRAINED
            assert life.engine.closed
            assert life.agent.gate.port == 0

    run(test)


def test_a_draining_agent_is_not_ready_takes_nothing_and_ends_with_its_last_transfer(tmp_path: Path):
    async def test() -> None:
        life = Life(tmp_path)
        async with alive(life) as task:
            assert (await life.ask("POST", "/transfers", json=ORDER))[0] == 201
            life.agent.stop()
            assert (await life.ask("GET", "/ready"))[0] == 503
            assert (await life.ask("GET", "/healthz"))[0] == 200
            assert (await life.ask("POST", "/transfers", json=ORDER))[0] == 503
            assert life.engine.fake_incoming.drained == 1
            life.now += 79.0
            await life.agent.tick()
            assert not task.done()
            life.engine.sent[0].end()
            assert await task is Outcome.DRAINED

    run(test)


def test_incoming_transfers_are_waited_for_too(tmp_path: Path):
    async def test() -> None:
        life = Life(tmp_path)
        async with alive(life) as task:
            life.engine.fake_incoming.idle.clear()
            life.agent.stop()
            await life.ask("GET", "/healthz")
            assert not task.done()
            life.engine.fake_incoming.idle.set()
            assert await task is Outcome.DRAINED

    run(test)


def test_what_still_runs_after_the_grace_is_cut(tmp_path: Path):
    async def test() -> None:
        life = Life(tmp_path)
        async with alive(life) as task:
            await life.ask("POST", "/transfers", json=ORDER)
            life.agent.stop()
            life.now += 80.0
            await life.agent.tick()
            assert await task is Outcome.CUT
            assert life.engine.sent[0].progress().state is State.CANCELLED
            assert life.engine.fake_incoming.interrupted == 1

    run(test)


def test_a_second_signal_ends_at_once_whatever_runs(tmp_path: Path):
    async def test() -> None:
        life = Life(tmp_path, stubborn=True)
        life.engine.fake_incoming.idle.clear()
        async with alive(life) as task:
            await life.ask("POST", "/transfers", json=ORDER)
            life.agent.stop()
            life.agent.stop()
            assert await task is Outcome.DROPPED

    run(test)


def test_a_turned_link_brings_new_peers_and_settings_to_everybody(tmp_path: Path):
    async def test() -> None:
        life = Life(tmp_path)
        async with alive(life):
            life.volume.publish(
                SOUND + "- {region: lab-3, endpoint: '127.0.0.1:10'}\nnetworking: {mtu: 9000}\n"
            )
            await life.agent.reload()
            assert [config.networking.mtu for config in life.engine.configured] == [9000]
            _, answer = await life.ask("GET", "/links")
            assert [link["region"] for link in answer["links"]] == ["lab-2", "lab-3"]
            assert (await life.ask("POST", "/transfers", json={**ORDER, "peer": "lab-3"}))[0] == 201
            assert life.engine.sent[0].order.endpoint == "127.0.0.1:10"
            _, text = await life.ask("GET", "/metrics")
            assert metric(text, contract.CONFIGURED_MTU.name) == 9000

    run(test)


@pytest.mark.parametrize("text", ["peers: 1\n", SOUND.replace("lab-1", "lab-7"), "\0"])
def test_a_bad_file_or_another_regions_keeps_the_configuration_and_is_counted(tmp_path: Path, text: str):
    async def test() -> None:
        life = Life(tmp_path)
        async with alive(life):
            life.volume.publish(text)
            await life.agent.reload()
            await life.agent.reload()
            assert life.engine.configured == []
            assert await life.failures("config") == 1
            assert (await life.ask("GET", "/ready"))[0] == 200
            assert (await life.ask("POST", "/transfers", json=ORDER))[0] == 201

    run(test)


def test_who_asks_gets_a_reload_though_nothing_changed(tmp_path: Path):
    async def test() -> None:
        life = Life(tmp_path)
        async with alive(life):
            await life.agent.reload(asked=True)
            assert len(life.engine.configured) == 1

    run(test)


def test_bad_certificates_are_counted_before_anybody_connects(tmp_path: Path):
    folder = issue(trustme.CA(), tmp_path / "tls", "lab-1.lab.dwcp.novacron.io")

    async def test() -> None:
        life = Life(tmp_path, tls=folder)
        async with alive(life):
            await life.agent.reload()
            assert await life.failures("certificates") == 0
            (folder / "tls.crt").write_text("no certificate")
            await life.agent.reload()
            await life.agent.reload()
            assert await life.failures("certificates") == 1

    run(test)


def test_a_new_token_counts_and_a_bad_one_leaves_the_old(tmp_path: Path):
    path = tmp_path / "token"
    path.write_text("first-first-first")

    async def status(life: Life, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return (await life.ask("POST", "/transfers", json=ORDER, headers=headers))[0]

    async def test() -> None:
        life = Life(tmp_path, token_file=path)
        async with alive(life):
            assert await status(life, "first-first-first") == 201
            path.write_text("second-second-second")
            await life.agent.reload()
            assert await status(life, "first-first-first") == 401
            assert await status(life, "second-second-second") == 201
            path.write_text("short")
            await life.agent.reload()
            assert await status(life, "second-second-second") == 201
            assert await life.failures("token") == 1

    run(test)


def test_paths_to_peers_are_reported_and_forgotten_with_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async def test() -> None:
        life = Life(tmp_path)
        async with alive(life):
            await life.agent.look_at_paths()
            _, text = await life.ask("GET", "/metrics")
            assert metric(text, f'{contract.PATH_MTU.name}{{peer="lab-2"}}') > 0
            life.volume.publish("environment: lab\nregion: lab-1\n")
            await life.agent.reload()
            await life.agent.look_at_paths()
            assert life.agent.paths == {}

    logging.getLogger(logs.ROOT).setLevel(logging.INFO)
    with caplog.at_level(logging.INFO):
        run(test)
    assert "path-mtu" in caplog.messages


def test_an_agent_without_its_data_folder_says_so_and_serves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async def test() -> None:
        life = Life(tmp_path, data=tmp_path / "nowhere")
        async with alive(life):
            assert (await life.ask("GET", "/ready"))[0] == 200
            assert (await life.ask("POST", "/transfers", json=ORDER))[0] == 400

    with caplog.at_level(logging.ERROR):
        run(test)
    assert "data-folder-missing" in caplog.messages


def test_a_port_that_cannot_be_had_ends_the_agent_and_frees_the_other(tmp_path: Path):
    async def test() -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        first = Life(tmp_path / "a")
        async with alive(first):
            taken = Address(host="127.0.0.1", port=first.agent.gate.port)
            second = Life(tmp_path / "b", listen=taken)
            with pytest.raises(DwcpError):
                await second.agent.run(signals=False)
            assert second.engine.closed
            with pytest.raises(aiohttp.ClientConnectionError):
                await second.ask("GET", "/healthz")

    run(test)


def test_unusable_certificates_end_the_agent_before_it_begins(tmp_path: Path):
    async def test() -> None:
        with pytest.raises(DwcpError, match=r"tls\.crt"):
            Life(tmp_path, tls=tmp_path / "nowhere")

    run(test)


def test_outcomes_are_counted_though_nobody_looked_while_they_ran(tmp_path: Path):
    async def test() -> None:
        life = Life(tmp_path)
        async with alive(life):
            await life.ask("POST", "/transfers", json=ORDER)
            life.engine.sent[0].moves(wire=10)
            life.engine.sent[0].end(State.FAILED, code="no-space")
            await life.agent.transfers.wait_idle()
            _, text = await life.ask("GET", "/metrics")
            series = f'{contract.TRANSFERS.name}{{code="no-space",direction="out",outcome="failed"}}'
            assert metric(text, series) == 1
            assert metric(text, f'{contract.WIRE_BYTES.name}{{direction="out",peer="lab-2"}}') == 10

    run(test)
