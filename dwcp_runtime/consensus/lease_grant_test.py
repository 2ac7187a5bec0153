"""Against an API server that keeps one Lease, with Kubernetes' answers: 404, 409 and versions."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from charts_py.contract import names
from dwcp_runtime.consensus.bootstrap import GrantState
from dwcp_runtime.consensus.founding_grant import GrantError
from dwcp_runtime.consensus.lease_grant import EPOCH, ApiServer, LeaseGrant, grant_of

ALL = "/apis/coordination.k8s.io/v1/namespaces/novacron/leases"


class Leases:
    def __init__(self):
        self.lease = None
        self.version = 0
        self.forbidden = False

    def application(self):
        app = web.Application()
        app.router.add_post(ALL, self.create)
        app.router.add_get(f"{ALL}/{names.CONSENSUS_FOUNDING}", self.get)
        app.router.add_put(f"{ALL}/{names.CONSENSUS_FOUNDING}", self.put)
        return app

    def refusal(self, request):
        assert request.headers["Authorization"] == "Bearer secret"
        if self.forbidden:
            return web.json_response({"message": "may not"}, status=403)
        return None

    def store(self, body):
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self.lease = body
        return web.json_response(body)

    async def create(self, request):
        if (refusal := self.refusal(request)) is not None:
            return refusal
        if self.lease is not None:
            return web.json_response({"message": "already exists"}, status=409)
        return self.store(await request.json())

    async def get(self, request):
        if (refusal := self.refusal(request)) is not None:
            return refusal
        if self.lease is None:
            return web.json_response({"message": "not found"}, status=404)
        return web.json_response(self.lease)

    async def put(self, request):
        body = await request.json()
        if body["metadata"].get("resourceVersion") != str(self.version):
            return web.json_response({"message": "the object has been modified"}, status=409)
        return self.store(body)


@pytest.fixture
def account(tmp_path):
    (tmp_path / "token").write_text("secret\n")
    return tmp_path


@asynccontextmanager
async def served(account):
    leases = Leases()
    runner = web.AppRunner(leases.application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield (
            leases,
            LeaseGrant(ApiServer(url=f"http://127.0.0.1:{port}", account=account), namespace="novacron"),
        )
    finally:
        await runner.cleanup()


def test_the_lease_goes_to_whoever_is_first(account, run):
    async def work():
        async with served(account) as (_, grant):
            assert (await grant.read()).state is GrantState.ABSENT
            await asyncio.gather(*(grant.take(f"disk-{number}") for number in range(4)))
            found = await grant.read()
            assert found.state is GrantState.GIVEN
            assert (found.epoch, found.founded) == (1, False)
            await grant.take("late")
            assert (await grant.read()).holder == found.holder

    run(work())


def test_a_lease_that_was_deleted_is_written_anew_and_one_that_is_there_is_updated(account, run):
    async def work():
        async with served(account) as (leases, grant):
            await grant.record(holder="disk", epoch=1)
            await grant.record(holder="disk", epoch=2)
            found = await grant.read()
            assert (found.holder, found.epoch, found.founded) == ("disk", 2, True)
            assert leases.version == 2

    run(work())


def test_an_api_server_that_refuses_or_is_away_leaves_the_grant_unknown(account, run):
    async def work():
        async with served(account) as (leases, grant):
            leases.forbidden = True
            found = await grant.read()
            assert found.state is GrantState.UNKNOWN
            assert "403 may not" in found.problem
            with pytest.raises(GrantError, match="403"):
                await grant.take("disk")
        away = LeaseGrant(ApiServer(url="http://127.0.0.1:1", account=account), namespace="novacron")
        found = await away.read()
        assert found.state is GrantState.UNKNOWN
        assert "secret" not in found.problem

    run(work())


@pytest.mark.parametrize("annotations", [{}, {EPOCH: "0"}, {EPOCH: "x"}, None])
def test_a_lease_that_says_no_epoch_is_unknown(annotations):
    fields = {"metadata": {"annotations": annotations}, "spec": {"holderIdentity": "disk"}}
    assert grant_of(fields, "Lease").state is GrantState.UNKNOWN


def test_a_pod_knows_its_api_server_and_nobody_else_does():
    assert ApiServer.of_pod({}) is None
    server = ApiServer.of_pod({"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"})
    assert server is not None
    assert server.url == "https://[fd00::1]:443"
