from dataclasses import replace

import pytest

from dwcp_runtime.consensus import current
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.view import Member, View


async def looked(gateway):
    """What a leader of one sees."""
    status, (entry,) = await gateway.status(), await gateway.members()
    only = Member(
        id=entry.id,
        name=entry.name,
        ordinal=0,
        peer_url=entry.peer_urls[0],
        learner=False,
        reachable=True,
    )
    return View(now=0.0, me=status.member_id, leader=status.leader, term=status.term, members=(only,))


def test_a_view_holds_while_the_same_leader_leads_the_same_members(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            return await current.ask(await looked(gateway), gateway)

    assert run(work()) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (lambda view: {"term": view.term - 1}, "the term is"),
        (lambda view: {"members": ()}, "members have changed"),
        (lambda view: {"members": (replace(view.members[0], learner=True),)}, "members have changed"),
    ],
    ids=["another term", "another member", "promoted"],
)
def test_a_decision_for_another_term_or_other_members_is_dropped(etcd, run, changed, why):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            view = await looked(gateway)
            return await current.ask(replace(view, **changed(view)), gateway)

    assert why in run(work())


def test_a_leader_that_leads_no_more_drops_its_decision(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            view, status = await looked(gateway), await gateway.status()
            return current.why_stale(view, replace(status, leader=0), await gateway.members())

    assert "leads no more" in run(work())
