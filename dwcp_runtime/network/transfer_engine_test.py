import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
import uvloop

from charts_py.contract import metrics as contract
from charts_py.contract.dwcp import AgentConfig, Amst
from dwcp_runtime.network.agent import Agent, Outcome
from dwcp_runtime.network.agent_test import LOOPBACK, metric
from dwcp_runtime.network.config import load_config
from dwcp_runtime.network.engine import EngineParts, NotTakenError
from dwcp_runtime.network.gate_test import issue
from dwcp_runtime.network.options import Options
from dwcp_runtime.network.order import Order
from dwcp_runtime.network.readiness import Phase
from dwcp_runtime.network.transfer_engine import TransferEngine
from dwcp_runtime.transport.progress import State

CONTENT = bytes(range(256)) * 4096 * 3 + bytes(1 << 20) + b"end"
ORDER = {"path": "disk.img", "name": "vm/disk.img", "peer": "lab-2"}


class Region:
    """One real agent with its own certificate, folder and ports."""

    def __init__(self, root: Path, authority: trustme.CA, name: str, peer: str, endpoint: str) -> None:
        self.data = root / name
        self.data.mkdir()
        self.config = root / f"{name}.yaml"
        self.write(name, peer, endpoint)
        tls = issue(authority, root / f"{name}-tls", f"{name}.lab.dwcp.novacron.io")
        options = Options(
            config=self.config, listen=LOOPBACK, admin=LOOPBACK, tls=tls, data=self.data, grace=60.0
        )
        self.agent = Agent(options, load_config(self.config), TransferEngine)

    def write(self, name: str, peer: str, endpoint: str, more: str = "") -> None:
        text = f"environment: lab\nregion: {name}\npeers:\n- {{region: {peer}, endpoint: '{endpoint}'}}\n"
        self.config.write_text(text + more)

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[asyncio.Task[Outcome]]:
        task = asyncio.create_task(self.agent.run(signals=False))
        try:
            while self.agent.readiness.phase is Phase.STARTING and not task.done():
                await asyncio.sleep(0)
            self.endpoint = f"127.0.0.1:{self.agent.gate.port}"
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        url = f"http://127.0.0.1:{self.agent.admin.port}{path}"
        async with aiohttp.ClientSession() as client, client.request(method, url, **options) as answer:
            text = await answer.text()
            return json.loads(text) if answer.content_type == "application/json" else text

    async def to_the_end(self, order: dict[str, str]) -> dict[str, Any]:
        started = await self.ask("POST", "/transfers", json=order)
        assert "id" in started, started
        text = await self.ask("GET", f"/transfers/{started['id']}/events")
        found: dict[str, Any] = json.loads(text.strip().rpartition("data: ")[2])
        return found


def run(test: Callable[[], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(test(), 60))


@asynccontextmanager
async def two(root: Path) -> AsyncIterator[tuple[Region, Region]]:
    authority = trustme.CA()
    there = Region(root, authority, "lab-2", "lab-1", "127.0.0.1:9")
    async with there.alive():
        here = Region(root, authority, "lab-1", "lab-2", there.endpoint)
        (here.data / "disk.img").write_bytes(CONTENT)
        async with here.alive():
            yield here, there


def test_a_file_goes_from_one_agent_to_another_and_both_tell_of_it(tmp_path: Path):
    async def test() -> None:
        async with two(tmp_path) as (here, there):
            last = await here.to_the_end(ORDER)
            assert (last["state"], last["durable"], last["error"]) == ("done", len(CONTENT), None)
            assert (there.data / "vm" / "disk.img").read_bytes() == CONTENT
            (arrived,) = (await there.ask("GET", "/transfers"))["transfers"]
            assert (arrived["direction"], arrived["state"], arrived["peer"]) == ("in", "done", "lab-1")
            for region, direction, peer in ((here, "out", "lab-2"), (there, "in", "lab-1")):
                text = await region.ask("GET", "/metrics")
                series = f'{contract.TRANSFERS.name}{{code="",direction="{direction}",outcome="done"}}'
                assert metric(text, series) == 1
                labels = f'{{direction="{direction}",peer="{peer}"}}'
                assert metric(text, contract.FILE_BYTES.name + labels) == len(CONTENT)

    run(test)


def test_an_endpoint_that_answers_as_nobody_we_know_gets_not_a_byte_of_the_file(tmp_path: Path):
    async def test() -> None:
        async with two(tmp_path) as (here, there):
            # The agent there still knows lab-1; only we have been told of other peers.
            here.write("lab-1", "lab-3", there.endpoint)
            await here.agent.reload(asked=True)
            for target in ({"peer": "lab-3"}, {"endpoint": there.endpoint}):
                order = {"path": "disk.img", "name": "disk.img", **target}
                last = await here.to_the_end(order)
                assert (last["state"], last["code"]) == ("failed", "unauthorised")
            assert not (there.data / "disk.img").exists()
            assert (await there.ask("GET", "/transfers"))["transfers"] == []

    run(test)


def test_a_peer_that_is_no_longer_listed_is_told_so_and_sends_nothing(tmp_path: Path):
    async def test() -> None:
        async with two(tmp_path) as (here, there):
            there.write("lab-2", "lab-9", "127.0.0.1:9")
            await there.agent.reload(asked=True)
            last = await here.to_the_end(ORDER)
            assert (last["state"], last["code"]) == ("failed", "unauthorised")

    run(test)


def test_a_cancelled_transfer_ends_as_cancelled(tmp_path: Path):
    async def test() -> None:
        async with two(tmp_path) as (here, _):
            started = await here.ask("POST", "/transfers", json=ORDER)
            await here.ask("DELETE", f"/transfers/{started['id']}")
            await here.agent.transfers.wait_idle()
            last = await here.ask("GET", f"/transfers/{started['id']}")
            assert last["state"] in ("cancelled", "done")
            assert here.agent.transfers.running == 0

    run(test)


def parts(tmp_path: Path, most: int) -> EngineParts:
    config = AgentConfig(environment="lab", region="lab-1", amst=Amst(min_streams=1, max_streams=most))
    return EngineParts(config=config, root=tmp_path, contexts=None)


def order(tmp_path: Path) -> Order:
    return Order(path=tmp_path / "disk.img", name="n", endpoint="127.0.0.1:9", names=frozenset())


def test_a_transfer_that_is_cancelled_before_it_runs_ends_all_the_same(tmp_path: Path):
    async def test() -> None:
        (tmp_path / "disk.img").write_bytes(b"x")
        engine = TransferEngine(parts(tmp_path, 8))
        outgoing = engine.send(order(tmp_path))
        assert outgoing.progress().elapsed == 0.0
        outgoing.cancel()
        assert (await outgoing.run()).state is State.CANCELLED
        await engine.close()

    run(test)


def test_the_streams_of_all_transfers_stay_within_the_agents_and_come_back(tmp_path: Path):
    async def test() -> None:
        engine = TransferEngine(parts(tmp_path, 4))
        sent = [engine.send(order(tmp_path)) for _ in range(4)]
        with pytest.raises(NotTakenError, match="all 4 streams"):
            engine.send(order(tmp_path))
        assert (await sent[0].run()).state is State.FAILED  # there is no file
        engine.send(order(tmp_path))
        await engine.close()

    run(test)


def test_new_bounds_of_streams_hold_for_what_arrives_from_then_on(tmp_path: Path):
    async def test() -> None:
        engine = TransferEngine(parts(tmp_path, 4))
        engine.configure(parts(tmp_path, 7).config)
        assert engine._receiver.streams == 7
        await engine.close()

    run(test)
