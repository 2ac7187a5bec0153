"""A disk that is full, and then isn't."""

from __future__ import annotations

import asyncio

from tests.acp import disk
from tests.acp.site import Site

VOLUME_MEBIBYTES = 256
"""Room for etcd's log, which it reserves in pieces of 64 MiB, and for a few snapshots."""
FULL_S = 12.0


async def a_full_disk_of_the_leader_stops_nobody_else(site: Site) -> None:
    group = await site.five()
    victim = group.watch.leader
    assert victim is not None
    group.kill(victim)
    with disk.small(group.data(victim), VOLUME_MEBIBYTES):
        group.start(victim)
        await group.healthy(5)
        await site.lead(group, victim)

        async def fault() -> None:
            disk.fill(group.data(victim))
            await asyncio.sleep(FULL_S)
            disk.make_room(group.data(victim))

        await site.measure("the leader's disk is full for 12 s", group, fault)
        group.kill(victim)
    group.start(victim)
    await group.healthy(5)


SCENARIOS = {
    "A full disk of the leader stops nobody else, and with room it comes back": (
        a_full_disk_of_the_leader_stops_nobody_else
    ),
}
