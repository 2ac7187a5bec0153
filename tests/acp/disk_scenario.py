"""A disk that is full, and then isn't."""

from __future__ import annotations

import asyncio

from tests.acp import disk
from tests.acp.site import Site
from tests.acp.store import FailedError, UnknownError

VOLUME_MEBIBYTES = 400
"""Room for etcd's log, which it reserves in pieces of 64 MiB, and for a few snapshots."""
WRITES = 150
WRITE_BYTES = 200_000
"""More in all than the rest of a log piece: the member must ask its disk for room."""


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
            other = site.network.address(await site.follower(group))
            for _ in range(WRITES):
                try:
                    async with asyncio.timeout(3):
                        await site.store.put(other, "large", "x" * WRITE_BYTES)
                except (FailedError, UnknownError, TimeoutError):
                    await asyncio.sleep(0.1)
            assert "no space left" in group.said(victim), "the disk was full and nobody said so"
            disk.make_room(group.data(victim))

        await site.measure("the leader's disk is full", group, fault)
        group.kill(victim)
    group.start(victim)
    await group.healthy(5)


SCENARIOS = {
    "A full disk of the leader stops nobody else, and with room it comes back": (
        a_full_disk_of_the_leader_stops_nobody_else
    ),
}
