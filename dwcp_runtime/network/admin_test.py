import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from charts_py.contract import names, ports
from charts_py.contract.dwcp import AgentConfig, Peer
from dwcp_runtime.network.admin import MOST_BODY, Admin, AdminServer
from dwcp_runtime.network.admin_access import Access
from dwcp_runtime.network.data_folder import DataFolder
from dwcp_runtime.network.fake_engine import FakeEngine
from dwcp_runtime.network.peers import Peers
from dwcp_runtime.network.readiness import Readiness
from dwcp_runtime.network.transfers import Transfers
from dwcp_runtime.transport.progress import Progress, State

PEERS = Peers.of(
    AgentConfig(environment="lab", region="lab-1", peers=(Peer(region="lab-2", endpoint="two:8888"),))
)
ORDER = {"path": "disk.img", "name": "disk.img", "peer": "lab-2"}
TOKEN = "0123456789abcdef"


class Place:
    """A real server on port 0 over a fake engine, and a client of it."""

    def __init__(self, root: Path) -> None:
        (root / "disk.img").write_bytes(b"x")
        self.engine = FakeEngine()
        self.readiness = Readiness()
        self.transfers = Transfers(self.engine.send, self.engine.incoming)
        self.access = Access()
        self.admin = Admin(
            readiness=self.readiness,
            transfers=self.transfers,
            registry=CollectorRegistry(),
            folder=DataFolder(root=root),
            peers=lambda: PEERS,
            access=lambda: self.access,
            links=lambda: [{"region": "lab-2"}],
            event_seconds=3600,
            body_seconds=0.2,
            followers=asyncio.Semaphore(1),
        )
        self.server = AdminServer(self.admin)

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.client.request(method, path, **options) as answer:
            text = await answer.text()
            self.headers = answer.headers
            return answer.status, json.loads(text) if answer.content_type == "application/json" else text

    async def start(self) -> str:
        status, entry = await self.ask("POST", "/transfers", json=ORDER)
        assert status == 201
        return str(entry["id"])


@asynccontextmanager
async def opened(root: Path) -> AsyncIterator[Place]:
    place = Place(root)
    await place.server.open("127.0.0.1", 0)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{place.server.port}") as place.client:
        try:
            yield place
        finally:
            await place.transfers.cut(patience=1)
            await place.server.close()


def run(root: Path, test: Callable[[Place], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with opened(root) as place:
            await test(place)

    asyncio.run(asyncio.wait_for(whole(), 30))


def test_the_probes_are_answered_at_the_contracts_paths_and_say_why_not(tmp_path: Path):
    async def test(place: Place) -> None:
        _, live, ready = ports.HEALTH_PATHS[names.DWCP]
        assert await place.ask("GET", live) == (200, {"status": "ok"})
        status, answer = await place.ask("GET", ready)
        assert (status, answer["phase"]) == (503, "starting")
        place.readiness.serving()
        assert await place.ask("GET", ready) == (200, {"ready": True})
        place.readiness.draining()
        status, answer = await place.ask("GET", ready)
        assert (status, answer["phase"]) == (503, "draining")
        assert answer["reason"]

    run(tmp_path, test)


def test_a_transfer_is_started_shown_listed_and_cancelled(tmp_path: Path):
    async def test(place: Place) -> None:
        key = await place.start()
        assert place.headers["Location"] == f"/transfers/{key}"
        (sent,) = place.engine.sent
        assert (sent.order.path, sent.order.endpoint) == (tmp_path / "disk.img", "two:8888")
        status, shown = await place.ask("GET", f"/transfers/{key}")
        assert (status, shown["id"], shown["state"], shown["ratio"]) == (200, key, "running", 0.0)
        assert await place.ask("GET", "/transfers") == (200, {"transfers": [shown]})
        status, answer = await place.ask("DELETE", f"/transfers/{key}")
        assert status == 202
        await place.transfers.wait_idle()
        status, answer = await place.ask("DELETE", f"/transfers/{key}")
        assert (status, answer["state"]) == (200, "cancelled")

    run(tmp_path, test)


def test_somebody_elses_transfer_is_cancelled_where_it_is_sent(tmp_path: Path):
    async def test(place: Place) -> None:
        place.engine.fake_incoming.shown = [
            Progress(transfer="ab", name="n", peer="lab-2", direction="in", state=State.RUNNING)
        ]
        status, answer = await place.ask("DELETE", "/transfers/ab")
        assert (status, answer["error"]) == (409, "another agent sends this one")

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("POST", "/transfers", {"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ("POST", "/transfers", {"json": {**ORDER, "peer": "lab-9"}}, 400),
        ("POST", "/transfers", {"json": {**ORDER, "path": "/etc/passwd"}}, 400),
        ("POST", "/transfers", {"json": {**ORDER, "name": "x" * MOST_BODY}}, 413),
        ("POST", "/transfers", {"data": b"path=disk.img"}, 415),
        ("POST", "/transfers", {"json": ORDER, "headers": {"Origin": "http://evil.example"}}, 403),
        ("GET", "/transfers/none", {}, 404),
        ("DELETE", "/transfers/none", {}, 404),
        ("GET", "/transfers/none/events", {}, 404),
        ("GET", "/v1/transfers", {}, 404),
        ("PUT", "/transfers", {}, 405),
    ],
)
def test_a_refusal_is_json_that_says_what_is_allowed(
    tmp_path: Path, method: str, path: str, options: dict[str, Any], status: int
):
    async def test(place: Place) -> None:
        found, answer = await place.ask(method, path, **options)
        assert found == status
        assert answer.keys() == {"error", "allowed"}
        assert answer["error"] and answer["allowed"]
        assert place.engine.sent == []

    run(tmp_path, test)


def test_a_body_without_end_is_cut_at_its_bound(tmp_path: Path):
    async def test(place: Place) -> None:
        async def endless() -> AsyncIterator[bytes]:
            for _ in range(1000):
                yield b" " * 1024

        headers = {"Content-Type": "application/json"}
        try:
            status, _ = await place.ask("POST", "/transfers", data=endless(), headers=headers)
            assert status == 413
        except aiohttp.ClientConnectionError:
            pass  # closed while the client still wrote
        assert (await place.ask("GET", "/healthz"))[0] == 200

    run(tmp_path, test)


def test_a_body_that_never_comes_is_given_up(tmp_path: Path):
    async def test(place: Place) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", place.server.port)
        writer.write(b"POST /transfers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: 10\r\n\r\n{")
        assert b" 408 " in await reader.readline()
        writer.close()

    run(tmp_path, test)


def test_looking_needs_no_token_and_changing_does(tmp_path: Path):
    async def test(place: Place) -> None:
        place.access = Access(token=TOKEN)
        for path in ("/healthz", "/metrics", "/links", "/transfers"):
            assert (await place.ask("GET", path))[0] == 200
        status, _ = await place.ask("POST", "/transfers", json=ORDER)
        assert (status, place.headers["WWW-Authenticate"]) == (401, "Bearer")
        status, _ = await place.ask("DELETE", "/transfers/none")
        assert status == 401
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert (await place.ask("POST", "/transfers", json=ORDER, headers=headers))[0] == 201

    run(tmp_path, test)


def test_a_draining_agent_says_to_come_back(tmp_path: Path):
    async def test(place: Place) -> None:
        place.transfers.drain()
        status, answer = await place.ask("POST", "/transfers", json=ORDER)
        assert (status, place.headers["Retry-After"]) == (503, "5")
        assert "draining" in answer["error"]

    run(tmp_path, test)


def events(raw: str) -> list[dict[str, str]]:
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in raw.split("\n\n") if block]


def test_events_tell_the_progress_until_the_end(tmp_path: Path):
    async def test(place: Place) -> None:
        key = await place.start()
        async with place.client.get(f"/transfers/{key}/events") as answer:
            assert answer.content_type == "text/event-stream"
            first = (await answer.content.readuntil(b"\n\n")).decode()
            place.engine.sent[0].moves(durable=5)
            place.engine.sent[0].end()
            rest = (await answer.content.read()).decode()
        seen = events(first + rest)
        assert [(each["id"], each["event"]) for each in seen] == [("1", "progress"), ("2", "progress")]
        data = [json.loads(each["data"]) for each in seen]
        assert [(each["state"], each["durable"]) for each in data] == [("running", 0), ("done", 5)]
        assert data[0]["id"] == key

    run(tmp_path, test)


def test_a_client_that_comes_back_after_the_end_is_told_to_stay_away(tmp_path: Path):
    async def test(place: Place) -> None:
        key = await place.start()
        place.engine.sent[0].end()
        await place.transfers.wait_idle()
        status, _ = await place.ask("GET", f"/transfers/{key}/events", headers={"Last-Event-ID": "2"})
        assert status == 204
        status, text = await place.ask("GET", f"/transfers/{key}/events")
        assert (status, len(events(text))) == (200, 1)

    run(tmp_path, test)


def test_followers_are_bounded_and_their_places_come_free(tmp_path: Path):
    async def test(place: Place) -> None:
        key = await place.start()
        async with place.client.get(f"/transfers/{key}/events") as answer:
            await answer.content.readuntil(b"\n\n")
            status, refusal = await place.ask("GET", f"/transfers/{key}/events")
            assert status == 503
            assert "too many" in refusal["error"]
            place.engine.sent[0].end()
            await answer.content.read()
        while place.admin.followers.locked():
            await asyncio.sleep(0)
        assert (await place.ask("GET", f"/transfers/{key}/events"))[0] == 200

    run(tmp_path, test)


def test_a_fault_in_a_handler_is_an_answer_without_a_trace(tmp_path: Path):
    async def test(place: Place) -> None:
        def broken(_order: object) -> None:
            raise RuntimeError("hunter2")

        place.transfers._send = broken  # type: ignore[assignment]
        status, answer = await place.ask("POST", "/transfers", json=ORDER)
        assert status == 500
        assert "hunter2" not in json.dumps(answer)
        assert (await place.ask("GET", "/healthz"))[0] == 200

    run(tmp_path, test)
