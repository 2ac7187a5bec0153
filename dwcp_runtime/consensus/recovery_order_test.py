"""Whether an order holds. Recoveries that are carried out are in agent_test."""

import json

import pytest

from dwcp_runtime.consensus import etcd_tools, recover, recovery_plan_file
from dwcp_runtime.consensus.data_dir import DataDir
from dwcp_runtime.consensus.find_group import GroupFinder
from dwcp_runtime.consensus.founding_grant import FileGrant
from dwcp_runtime.consensus.gateway import Gateway, no_tls
from dwcp_runtime.consensus.options import Options
from dwcp_runtime.consensus.peer_map import parse
from dwcp_runtime.consensus.recovery import RecoveryPlan, Survivor
from dwcp_runtime.consensus.recovery_order import RecoveryOrders

PEERS = parse("lab-{i}=127.211.38.{i+1}")
NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def data(tmp_path):
    """A data folder in which a recovery is ordered."""
    opened = DataDir(tmp_path / "data")
    opened.open()
    source = Survivor(kind="data-dir", name="lab-0", path=str(opened.etcd), intact=True, epoch=1, revision=1)
    plan = RecoveryPlan(source=source, epoch=2, may_lose="", fenced=(), steps=())
    (opened.root / recover.ORDER).write_text(json.dumps(recovery_plan_file.as_json(plan)))
    yield opened
    opened.close()


@pytest.fixture
def due(data, tools, tmp_path, run):
    """Whether it is due, by the member at a URL."""
    me = PEERS.members[0]
    orders = RecoveryOrders(
        Options(me=me, peers=PEERS, data=data.root, tls=None, tools=tools),
        data=data,
        grant=FileGrant(tmp_path / "grant"),
        finder=GroupFinder(PEERS, me=me.name, contexts=no_tls, tls=False),
        tools=etcd_tools.find(tools),
        contexts=no_tls,
    )

    def asked(url):
        async def work():
            async with Gateway(url) as gateway:
                return await orders.due(gateway)

        return run(work())

    return asked


def test_an_order_is_due_while_no_quorum_answers(due, data):
    assert due(NOBODY)
    assert (data.root / recover.ORDER).exists()


def test_an_order_is_put_away_when_a_quorum_stands_again(due, data, etcd):
    assert not due(etcd.client_url)
    assert not (data.root / recover.ORDER).exists()
    assert (data.root / recover.REFUSED).exists()


def test_nothing_is_due_without_an_order_and_for_one_that_can_not_be_read(due, data):
    (data.root / recover.ORDER).write_text("{")
    assert not due(NOBODY)
    (data.root / recover.ORDER).unlink()
    assert not due(NOBODY)
