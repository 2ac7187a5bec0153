import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import quote_from_bytes

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from charts_py.contract import metrics as contract
from dwcp_runtime.consensus import key_text
from dwcp_runtime.consensus.answers import REVISION_HEADER
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.health_test import ALONE, STEADY
from dwcp_runtime.consensus.host import RefusedError
from dwcp_runtime.consensus.http_api import HttpApi
from dwcp_runtime.consensus.http_server import HttpServer
from dwcp_runtime.consensus.key_text import MOST_KEY_BYTES
from dwcp_runtime.consensus.membership import wish_refusal
from dwcp_runtime.consensus.put_batch import MOST_VALUE_BYTES
from dwcp_runtime.consensus.status_document import GroupStatus, Phase, SnapshotStatus, parse

SNAPSHOT = SnapshotStatus(name="s", taken_at=1_900_000_000, revision=4, size_bytes=1, sha256="00")


class Agent:
    """Stands in for the agent around a real etcd: its status is what a test says."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.now: GroupStatus = STEADY
        self.wishes: list[int] = []

    def status(self) -> GroupStatus:
        return self.now

    async def want_voters(self, voters: int) -> None:
        if refusal := wish_refusal(voters):
            raise RefusedError(refusal, allowed="1, 3, 5, 7, 9, 11")
        self.wishes.append(voters)

    async def snapshot(self) -> SnapshotStatus:
        return SNAPSHOT


class Client:
    """One client of an API, with its agent."""

    def __init__(self, session: aiohttp.ClientSession, port: int, metrics_port: int, agent: Agent) -> None:
        self.session = session
        self.base = f"http://127.0.0.1:{port}"
        self.metrics = f"http://127.0.0.1:{metrics_port}/metrics"
        self.agent = agent

    async def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, Any, Any]:
        """Status, headers, and the body: parsed where it is JSON."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        url = URL(self.base + path, encoded=True)
        async with self.session.request(method, url, data=body, headers=names) as answer:
            content = await answer.read()
            told = json.loads(content) if answer.content_type == "application/json" and content else content
            return answer.status, answer.headers, told

    async def known(self, status: GroupStatus) -> None:
        """Let the agent say so, and the API see it."""
        self.agent.now = status
        await asyncio.sleep(0.12)


@asynccontextmanager
async def serving(url: str, *, timeout: float = 5.0, **options: float):
    async with Gateway(url, timeout=timeout) as gateway:
        agent = Agent(gateway)
        servers = HttpServer(HttpApi(agent, **options))
        ports = await servers.open("127.0.0.1", 0, 0)
        try:
            async with aiohttp.ClientSession() as session:
                yield Client(session, *ports, agent)
        finally:
            await servers.close()


@pytest.fixture
def with_api(etcd, run) -> Callable[[Callable[[Client], Awaitable[None]]], None]:
    def runner(work: Callable[[Client], Awaitable[None]], **options: float) -> None:
        async def bounded() -> None:
            async with serving(etcd.client_url, **options) as client:
                await work(client)

        run(bounded())

    return runner


def test_what_was_put_is_read_back_with_the_revision_of_its_write(with_api):
    async def work(client):
        status, headers, told = await client.ask("PUT", "/v1/keys/vm/42", b"\x00\xff")
        assert status == 200
        assert headers["ETag"] == f'"{told["revision"]}"'
        assert headers[REVISION_HEADER] == str(told["revision"])
        status, seen, body = await client.ask("GET", "/v1/keys/vm/42")
        assert (status, body, seen["ETag"]) == (200, b"\x00\xff", headers["ETag"])
        status, headers, gone = await client.ask("DELETE", "/v1/keys/vm/42")
        assert (status, gone["deleted"]) == (200, True)
        assert gone["revision"] == told["revision"] + 1
        assert (await client.ask("DELETE", "/v1/keys/vm/42"))[2]["deleted"] is False
        status, headers, told = await client.ask("GET", "/v1/keys/vm/42")
        assert (status, told["error"]) == (404, "no such key")
        assert headers[REVISION_HEADER] == str(gone["revision"])

    with_api(work)


def test_keys_of_any_bytes_stay_apart_and_inside_of_their_prefix(etcd, run):
    async def work(keys: list[bytes]):
        async with serving(etcd.client_url) as client:
            for number, key in enumerate(keys):
                path = "/v1/keys/" + quote_from_bytes(key, safe="")
                assert (await client.ask("PUT", path, b"%d" % number))[0] == 200
            for number, key in enumerate(keys):
                assert (await client.ask("GET", "/v1/keys/" + key_text.encode(key)))[2] == b"%d" % number
            found = await client.agent.gateway.range(b"\0", b"\0", limit=0)
            assert all(kv.key.startswith(key_text.PREFIX) for kv in found.kvs)

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.binary(min_size=1, max_size=20), unique=True, max_size=5))
    def check(keys: list[bytes]) -> None:
        run(work(keys))

    check()
    run(work([b"..", b"../acp/voters", b"/", b"a?b", b"a#b", b"%2e", b"\n", b"\0", b"\xff"]))


def test_only_one_of_many_who_compare_and_swap_at_once_wins(with_api):
    async def work(client):
        made = await asyncio.gather(
            *(client.ask("PUT", "/v1/keys/lock", b"%d" % n, If_None_Match="*") for n in range(50))
        )
        won = [told["revision"] for status, _, told in made if status == 200]
        assert len(won) == 1
        lost = [told for status, _, told in made if status == 412]
        assert len(lost) == 49
        assert all(told["revision"] == won[0] for told in lost)
        tag = f'"{won[0]}"'
        again = await asyncio.gather(
            *(client.ask("PUT", "/v1/keys/lock", b"%d" % n, If_Match=tag) for n in range(20)),
            client.ask("DELETE", "/v1/keys/lock", If_Match=tag),
        )
        assert sorted(status for status, _, _ in again) == [200] + [412] * 20
        assert (await client.ask("PUT", "/v1/keys/none", b"", If_Match=tag))[2]["revision"] == 0

    with_api(work)


def test_many_writes_at_once_each_take_effect_and_share_transactions(with_api):
    async def work(client):
        done = await asyncio.gather(
            *(client.ask("PUT", f"/v1/keys/k{n % 150}", b"%d" % n) for n in range(300))
        )
        assert {status for status, _, _ in done} == {200}
        revisions = {told["revision"] for _, _, told in done}
        assert 2 <= len(revisions) < 150
        for number in (0, 149):
            body = (await client.ask("GET", f"/v1/keys/k{number}"))[2]
            newest = max((number, number + 150), key=lambda n: done[n][2]["revision"])
            assert body == b"%d" % newest

    with_api(work)


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "said"),
    [
        ("PUT", "/v1/keys/" + "k" * (MOST_KEY_BYTES + 1), b"", {}, 400, str(MOST_KEY_BYTES)),
        ("PUT", "/v1/keys/k", bytes(MOST_VALUE_BYTES + 1), {}, 413, str(MOST_VALUE_BYTES)),
        ("GET", "/v1/keys/a%zz", None, {}, 400, "percent"),
        ("GET", "/v1/keys/a?revision=x", None, {}, 400, "0 to"),
        ("GET", "/v1/keys/a?revision=99999999", None, {}, 400, "future revision"),
        ("GET", "/v1/keys/a?color=red", None, {}, 400, "revision"),
        ("GET", "/v1/keys?limit=0", None, {}, 400, "1 to 1000"),
        ("GET", "/v1/keys?limit=17&values=1", None, {}, 400, "1 to 16"),
        ("GET", "/v1/keys?limit=1&limit=2", None, {}, 400, "twice"),
        ("PUT", "/v1/keys/a", b"", {"If_Match": "12"}, 400, "If-Match"),
        ("PUT", "/v1/keys/a", b"", {"Origin": "http://evil.example"}, 403, "Origin"),
        ("POST", "/v1/keys/a", b"", {}, 405, "PUT"),
        ("GET", "/v2/keys", None, {}, 404, "/v1/keys"),
        ("GET", "/v1/watch?key=a&prefix=b", None, {}, 400, "one of them"),
        ("POST", "/v1/members", b'{"voters": 4}', {}, 422, "even"),
        ("POST", "/v1/members", b'{"voters": 13}', {}, 422, "11"),
        ("POST", "/v1/members", b'{"voters": true}', {}, 400, '{"voters": 5}'),
        ("POST", "/v1/members", b"[" * 1000, {}, 400, '{"voters": 5}'),
    ],
)
def test_a_request_that_cannot_be_served_says_what_is_wrong_and_what_is_allowed(
    with_api, method, path, body, headers, status, said
):
    async def work(client):
        got, _, told = await client.ask(method, path, body, **headers)
        assert got == status
        assert said in f"{told['error']} {told['allowed']}"
        assert "Traceback" not in str(told)

    with_api(work)


def test_the_largest_key_and_value_are_taken_also_many_at_once(with_api):
    async def work(client):
        value = bytes(MOST_VALUE_BYTES)
        paths = ["/v1/keys/" + "k" * (MOST_KEY_BYTES - 1) + str(n) for n in range(4)]
        done = await asyncio.gather(*(client.ask("PUT", path, value) for path in paths))
        assert [status for status, _, _ in done] == [200] * 4
        assert (await client.ask("GET", paths[3]))[2] == value

    with_api(work)


def test_pages_of_one_revision_list_every_key_once_whatever_is_written_meanwhile(with_api):
    async def work(client):
        names = [f"p/{n:02}" for n in range(25)]
        for name in names:
            await client.ask("PUT", f"/v1/keys/{name}", name.encode())
        path, found = "/v1/keys?prefix=p/&limit=10", []
        while path:
            _, _, page = await client.ask("GET", path)
            found += [entry["key"] for entry in page["keys"]]
            await client.ask("PUT", "/v1/keys/p/00a", b"new")
            following = page["next"]
            path = following and "/v1/keys?prefix=p/&limit=10&after={after}&revision={revision}".format(
                **following
            )
        assert found == names
        _, _, page = await client.ask("GET", "/v1/keys?prefix=p/2&values=1")
        assert page["keys"][0]["value"] == "cC8yMA=="
        assert (await client.ask("GET", "/v1/keys?prefix=p/&after=zz"))[2]["keys"] == []

    with_api(work)


def test_without_a_quorum_nothing_is_tried_and_the_answer_names_condition_and_runbook(with_api):
    async def work(client):
        await client.known(ALONE)
        for method, path in (
            ("GET", "/v1/keys/a"),
            ("PUT", "/v1/keys/a"),
            ("DELETE", "/v1/keys/a"),
            ("GET", "/v1/keys"),
            ("GET", "/v1/watch"),
        ):
            status, headers, told = await client.ask(method, path)
            assert (status, told["outcome"]) == (503, "not done")
            assert told["condition"]["reason"] == "MajorityLost"
            assert "novacron-consensus-quorum-lost.md" in told["allowed"]
            assert headers["Retry-After"]
        assert (await client.ask("POST", "/v1/members", b'{"voters": 3}'))[0] == 503
        for path in ("/health", "/ready"):
            status, _, told = await client.ask("GET", path)
            assert status == 503
            assert told["conditions"][0]["reason"] == "MajorityLost"
        assert (await client.ask("GET", "/livez"))[0] == 200

    with_api(work)


def test_a_write_that_got_no_answer_is_unknown_and_a_read_is_not_hung(etcd, run):
    async def work():
        async with serving(etcd.client_url, timeout=0.5) as client:
            await client.ask("PUT", "/v1/keys/a", b"1")
            etcd.process.send_signal(signal.SIGSTOP)
            try:
                status, _, told = await client.ask("PUT", "/v1/keys/a", b"2")
                assert (status, told["outcome"]) == (504, "unknown")
                status, _, told = await client.ask("GET", "/v1/keys/a")
                assert status == 503
            finally:
                etcd.process.send_signal(signal.SIGCONT)

    run(work())


def test_a_write_that_was_never_sent_is_known_not_to_be_done(etcd, run):
    async def work():
        async with serving(etcd.client_url) as client:
            etcd.process.kill()
            etcd.process.wait()
            status, _, told = await client.ask("PUT", "/v1/keys/a", b"1")
            assert (status, told["outcome"]) == (503, "not done")

    run(work())


def test_a_watch_of_the_api_tells_changes_and_ends_with_where_to_go_on(etcd, run):
    async def work():
        async with serving(etcd.client_url, quiet_seconds=0.05) as client:
            first = (await client.ask("PUT", "/v1/keys/a", b"1"))[2]["revision"]
            url = f"{client.base}/v1/watch?prefix=a&revision={first}"
            async with client.session.get(url) as answer:
                line = {"events": []}
                while not line["events"]:
                    line = json.loads(await answer.content.readline())
                assert (line["revision"], line["events"][0]["value"]) == (first, "MQ==")
                await client.known(ALONE)
                rest = [json.loads(line) async for line in answer.content]
                assert (rest[-1]["reason"], rest[-1]["resume"]) == ("QuorumHeld", first + 1)

    run(work())


def test_a_client_that_reads_nothing_loses_its_watch_and_holds_no_memory(etcd, run):
    async def work():
        async with serving(etcd.client_url, write_seconds=0.3) as client:
            reader, writer = await asyncio.open_connection("127.0.0.1", URL(client.base).port, limit=1024)
            writer.write(b"GET /v1/watch HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readline()
            async with asyncio.timeout(30):
                for number in range(200):
                    await client.ask("PUT", f"/v1/keys/{number}", bytes(200_000))
            await asyncio.sleep(0.5)
            with pytest.raises(asyncio.IncompleteReadError):
                await reader.readexactly(200 * 200_000)
            writer.close()

    run(work())


def test_a_wish_for_voters_reaches_the_agent(with_api):
    async def work(client):
        assert (await client.ask("POST", "/v1/members", b'{"voters": 5}'))[0] == 202
        assert client.agent.wishes == [5]
        _, _, told = await client.ask("GET", "/v1/members")
        assert [each["name"] for each in told["members"]] == ["a", "b", "c"]

    with_api(work)


def test_status_is_a_document_that_other_agents_read(with_api):
    async def work(client):
        client.agent.now = replace(STEADY, last_snapshot=SNAPSHOT)
        _, _, told = await client.ask("GET", "/status")
        assert replace(parse(json.dumps(told).encode()), conditions=()) == client.agent.now
        assert (await client.ask("POST", "/v1/snapshots"))[0] == 201
        _, _, told = await client.ask("GET", "/v1/snapshots")
        assert told["last_snapshot"]["sha256"] == "00"

    with_api(work)


def test_commits_are_counted_on_the_metrics_port(with_api):
    async def work(client):
        await client.ask("PUT", "/v1/keys/a", b"1")
        async with client.session.get(client.metrics) as answer:
            text = await answer.text()
        assert f"{contract.COMMIT_DURATION.name}_count 1.0" in text

    with_api(work)


def test_a_member_that_does_not_run_says_why_it_serves_nothing(with_api):
    async def work(client):
        await client.known(GroupStatus(name="d", phase=Phase.RETIRED, waiting_for=("3 voters are wanted",)))
        status, _, told = await client.ask("GET", "/v1/keys/a")
        assert status == 503
        assert told["error"] == "the member is retired: 3 voters are wanted"

    with_api(work)


def test_a_body_that_never_arrives_does_not_hold_its_handler(etcd, run):
    async def work():
        async with serving(etcd.client_url, body_seconds=0.2) as client:
            reader, writer = await asyncio.open_connection("127.0.0.1", URL(client.base).port)
            writer.write(b"PUT /v1/keys/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab")
            assert b"408" in await asyncio.wait_for(reader.readline(), 5)
            writer.close()

    run(work())
