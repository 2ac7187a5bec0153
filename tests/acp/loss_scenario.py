"""Members that are lost, cut off, paused or wiped, and come back."""

from __future__ import annotations

import asyncio
import signal

from tests.acp import clock
from tests.acp.site import VOTERS, Site

DOWN_S = 4.0
CUT_S = 8.0
PAUSE_S = 30.0
CLOCK_STEPS_S = (3600, -7200)


async def a_killed_leader_is_replaced(site: Site) -> None:
    group = await site.five()

    async def fault() -> None:
        leader = group.watch.leader
        assert leader is not None
        group.kill(leader)
        await asyncio.sleep(DOWN_S)
        group.start(leader)

    await site.measure("the leader is killed and comes back", group, fault)


async def three_of_five_go_on_without_two(site: Site) -> None:
    group = await site.five()

    async def fault() -> None:
        leader, other = group.watch.leader, await site.follower(group)
        assert leader is not None
        group.kill(leader, other)
        await asyncio.sleep(DOWN_S)
        group.start(leader, other)

    await site.measure("two of five are killed, the leader among them", group, fault)


async def the_larger_side_of_a_partition_goes_on(site: Site) -> None:
    group = await site.five()

    async def fault() -> None:
        leader, other = group.watch.leader, await site.follower(group)
        side = {leader, other}
        group.losing(leader)
        site.network.cut(side, group.pods - side)  # type: ignore[arg-type]
        await asyncio.sleep(CUT_S)
        site.network.heal()

    await site.measure("3|2 partition, the leader among the two, and healed", group, fault)


async def a_member_that_nobody_reaches_comes_back(site: Site) -> None:
    group = await site.five()

    async def fault() -> None:
        leader = group.watch.leader
        assert leader is not None
        group.losing(leader)
        site.network.unplug(leader)
        await asyncio.sleep(CUT_S)
        site.network.heal()

    await site.measure("the leader's line is unplugged and plugged in again", group, fault)


async def a_paused_leader_wakes_up_as_a_follower(site: Site) -> None:
    group = await site.five()

    async def fault() -> None:
        leader = group.watch.leader
        assert leader is not None
        group.losing(leader)
        site.network.signal(leader, signal.SIGSTOP)
        await asyncio.sleep(PAUSE_S)
        site.network.signal(leader, signal.SIGCONT)

    await site.measure("the leader is paused for 30 s", group, fault)


async def a_member_without_its_data_joins_anew(site: Site) -> None:
    group = await site.five()
    victim = await site.follower(group)
    before = await _member_id(site, victim)

    async def fault() -> None:
        group.kill(victim)
        group.lose_disk(victim)
        await asyncio.sleep(1)
        group.start(victim)

    await site.measure("a follower's disk is lost", group, fault, within_s=90)
    assert await _member_id(site, victim) != before, "the old member is still there"


async def a_leader_without_its_data_joins_anew(site: Site) -> None:
    group = await site.five()
    victim = group.watch.leader
    assert victim is not None

    async def fault() -> None:
        group.kill(victim)
        group.lose_disk(victim)
        group.start(victim)

    await site.measure("the leader's disk is lost", group, fault, within_s=90)


async def a_stepped_clock_changes_nothing(site: Site) -> None:
    group = await site.five()

    async def fault() -> None:
        assert group.watch.leader is not None
        for member in (group.watch.leader, await site.follower(group)):
            for seconds in CLOCK_STEPS_S:
                for pid in site.network.pids(member):
                    clock.step(pid, seconds)
                await asyncio.sleep(2)
            for pid in site.network.pids(member):
                clock.step(pid, 0)

    await site.measure("clocks of the leader and a follower step 1 h on and 2 h back", group, fault)


async def _member_id(site: Site, member: int) -> str:
    said = await site.gateway.call(site.network.address(member), "maintenance/status", {})
    return str(said["header"]["member_id"])


SCENARIOS = {
    "A killed leader is replaced, and its clients lose nothing": a_killed_leader_is_replaced,
    "Three of five go on without two": three_of_five_go_on_without_two,
    "The larger side of a partition goes on, and the smaller one catches up": (
        the_larger_side_of_a_partition_goes_on
    ),
    "A member that nobody reaches is replaced as leader and comes back": (
        a_member_that_nobody_reaches_comes_back
    ),
    "A leader that was paused for 30 s wakes up as a follower": a_paused_leader_wakes_up_as_a_follower,
    "A member that lost its disk joins anew as a learner": a_member_without_its_data_joins_anew,
    "A leader that lost its disk joins anew as a learner": a_leader_without_its_data_joins_anew,
    "A stepped clock changes nothing": a_stepped_clock_changes_nothing,
}

assert VOTERS == 5
