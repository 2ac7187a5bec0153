"""Who may found a group, and who waits."""

from __future__ import annotations

import asyncio

from tests.acp import agents
from tests.acp.site import VOTERS, Site, soon

ALONE_S = 12.0


async def all_pods_at_once_make_one_group(site: Site) -> None:
    await site.clear()
    group = site.empty()
    group.start(*range(VOTERS))
    await group.healthy(VOTERS, seconds=120)
    assert await _groups(site, list(range(VOTERS))) == 1


async def an_empty_disk_never_founds_a_second_group(site: Site) -> None:
    group = await site.five()
    group.kill(*range(VOTERS))
    group.lose_disk(0)
    group.start(0)
    await soon(lambda: _waits(group, 0), "member 0 says why it waits", 30)
    await asyncio.sleep(ALONE_S)
    assert group.processes[0].handle.poll() is None, "the agent ended instead of waiting"
    assert await _groups(site, [0]) == 0, "member 0 founded a second group"
    group.start(*range(1, VOTERS))
    # Its old member is removed and a new one admitted, now that a quorum stands.
    await group.healthy(VOTERS, seconds=120)
    assert await _groups(site, list(range(VOTERS))) == 1


async def only_the_first_pod_founds(site: Site) -> None:
    await site.clear()
    group = site.empty()
    group.start(1, 2)
    await soon(lambda: _waits(group, 1) and _waits(group, 2), "members 1 and 2 say why they wait", 30)
    assert await _groups(site, [1, 2]) == 0
    group.start(0)
    await group.healthy(3, seconds=90)


def _waits(group: agents.Group, member: int) -> bool:
    return any(one["event"] == "waiting" and one["why"] for one in agents.events(group, member))


async def _groups(site: Site, members: list[int]) -> int:
    """How many different groups these members are in."""
    found = set()
    for member in members:
        try:
            async with asyncio.timeout(2):
                said = await site.gateway.call(site.network.address(member), "maintenance/status", {})
        except Exception:
            continue
        found.add(said["header"]["cluster_id"])
    return len(found)


SCENARIOS = {
    "Only the first pod founds a group, and the others join it": only_the_first_pod_founds,
    "All pods at once make one group of five": all_pods_at_once_make_one_group,
    "An empty disk never founds a second group: it waits, says so, and joins when a quorum stands": (
        an_empty_disk_never_founds_a_second_group
    ),
}
