"""A majority that is lost for good, and then isn't."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus

from tests.acp import agents
from tests.acp.load import Load
from tests.acp.site import VOTERS, Site, soon
from tests.acp.trial import all_is_kept

LOAD_S = 3.0
DETECTED_S = 20.0
RUNBOOK = "novacron-consensus-quorum-lost"


async def a_group_is_made_anew_and_the_old_one_stays_out(site: Site) -> None:
    group = await site.five()
    load = Load(site.store, group.addresses, seed=1000)
    load.start()
    await asyncio.sleep(LOAD_S)
    await load.stop()
    # Survivors of a minority hold what was acknowledged only if it has reached them.
    await group.healthy(VOTERS, lag=0)
    old_group = await _group_of(site, 0)
    leader = group.watch.leader
    assert leader is not None
    lost = [leader, *(member for member in range(VOTERS) if member != leader)][:3]
    survivors = sorted(set(range(VOTERS)) - set(lost))
    group.kill(*lost)
    group.pods -= set(lost)

    for survivor in survivors:
        await _says_so(site, group, survivor)
    before = group.said(survivors[0])
    plans = {}
    for survivor in survivors:
        path = group.folder / f"plan-{survivor}.json"
        code, said = await agents.run(group, survivor, "recover", "--save", path)
        assert code == 0, said
        assert "nothing was changed" in said
        plans[survivor] = json.loads(path.read_text())
    assert "restored" not in group.said(survivors[0])[len(before) :]
    chosen = plans[survivors[0]]["source"]["name"]
    source = next(survivor for survivor in survivors if chosen.endswith(f"-{survivor}"))
    code, said = await agents.run(
        group, source, "recover", "--execute", group.folder / f"plan-{survivors[0]}.json"
    )
    assert code == 0, said
    # The three old members are a majority of the old group: nothing but the fence keeps them out.
    await soon(lambda: _epoch(group, source) == 2, "the survivor's disk is of the new group", 60)
    group.start(*lost)
    await group.healthy(VOTERS, seconds=150)
    new_group = await _group_of(site, source)
    assert new_group != old_group
    for member in range(VOTERS):
        assert await _group_of(site, member) == new_group
        if member != source:
            assert any(one["event"] == "data-set-aside" for one in agents.events(group, member)), member
    await all_is_kept(load)
    await site.clear()


async def a_plan_that_comes_too_late_is_refused(site: Site) -> None:
    group = await site.five()
    before = await _group_of(site, 0)
    lost = [0, 1, 2]
    group.kill(*lost)
    group.pods -= set(lost)
    await _says_so(site, group, 3)
    path = group.folder / "late.json"
    code, said = await agents.run(group, 3, "recover", "--save", path)
    assert code == 0, said
    group.start(*lost)
    await group.healthy(VOTERS)
    source = int(json.loads(path.read_text())["source"]["name"].rpartition("-")[2])
    await agents.run(group, source, "recover", "--execute", path)
    await soon(lambda: _refused(group, source), "the agent refuses the plan", 30)
    await group.healthy(VOTERS)
    assert {await _group_of(site, member) for member in range(VOTERS)} == {before}


def _refused(group: agents.Group, member: int) -> bool:
    return any(one["event"] == "recovery-refused" for one in agents.events(group, member))


async def _says_so(site: Site, group: agents.Group, survivor: int) -> None:
    """Wait until the survivor reports that the quorum is lost, and what to read."""
    end = asyncio.get_running_loop().time() + DETECTED_S
    while True:
        code, said = await agents.health(group, site.session, survivor)
        if code == HTTPStatus.SERVICE_UNAVAILABLE and RUNBOOK in said:
            return
        assert asyncio.get_running_loop().time() < end, f"/health answers {code}: {said}"
        await asyncio.sleep(0.2)


async def _group_of(site: Site, member: int) -> str:
    said = await site.gateway.call(site.network.address(member), "maintenance/status", {})
    return str(said["header"]["cluster_id"])


def _epoch(group: agents.Group, member: int) -> int:
    return max(
        (one["epoch"] for one in agents.events(group, member) if one["event"] == "etcd-started"), default=0
    )


SCENARIOS = {
    "A recovery plan that comes when a quorum stands again is refused": a_plan_that_comes_too_late_is_refused,
    "A group whose majority is lost is made anew from a survivor, and its old members never vote again": (
        a_group_is_made_anew_and_the_old_one_stays_out
    ),
}
