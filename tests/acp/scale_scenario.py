"""Groups that grow and shrink under load, also when whoever acts is killed."""

from __future__ import annotations

import asyncio
import random

from tests.acp import agents
from tests.acp.group import Group
from tests.acp.site import VOTERS, Site

STEP_S = 120.0
KILLS_OF_EACH = 2
"""How often each kind of step is cut short."""
MEMBERSHIP = ("AddLearner", "Promote", "Remove", "MoveLeader")
LATEST_KILL_S = 0.03
"""After an agent has said what it does: it is done by then."""
DOWN_S = 1.0
"""How long who was killed stays away."""


async def five_seven_nine_eleven_five(site: Site) -> None:
    group = await site.five()

    async def fault() -> None:
        for size in (7, 9, 11):
            await grow(site, group, size)
        await shrink(site, group, VOTERS)

    await site.measure("5 -> 7 -> 9 -> 11 -> 5 members", group, fault)


async def whoever_acts_is_killed(site: Site) -> None:
    group = await site.five()
    killed: dict[str, int] = {}

    async def fault() -> None:
        over = asyncio.Event()
        hunter = asyncio.create_task(hunt(group, killed, over))
        try:
            await grow(site, group, 7)
            # One that must go: it hands leadership over first.
            await site.lead(group, 6)
            await shrink(site, group, VOTERS)
        finally:
            over.set()
            await hunter

    await site.measure("each member that changes the group is killed at it", group, fault, within_s=120)
    missing = set(MEMBERSHIP) - set(killed)
    assert not missing, f"these steps were never cut short: {missing}; those that were: {killed}"


async def grow(site: Site, group: Group, size: int) -> None:
    """Raise the wish, let as many pods appear at once, and wait until all of them vote."""
    await site.want(group, size)
    group.start(*(member for member in range(size) if member not in group.pods))
    await group.healthy(size, seconds=STEP_S)


async def shrink(site: Site, group: Group, size: int) -> None:
    """As the operator does: lower the wish, and take the pods away when they vote no more."""
    await site.want(group, size)
    leaving = sorted((member for member in group.pods if member >= size), reverse=True)
    await group.healthy(size, seconds=STEP_S)
    for member in leaving:
        # Not here, where clients wait for their turn.
        await asyncio.to_thread(group.remove_pod, member)


async def hunt(group: Group, killed: dict[str, int], over: asyncio.Event, *, down_s: float = DOWN_S) -> None:
    """Kill whoever changes the group, until `over`; `killed` counts by kind of step.

    It is told to end and never cancelled: a member that is down then is started before it ends.
    """
    chance = random.Random(1)
    logs = agents.Follower(group)
    logs.new()
    while not over.is_set():
        await asyncio.sleep(0.002)
        for actor, kind in logs.new():
            if kind in MEMBERSHIP and killed.get(kind, 0) < KILLS_OF_EACH:
                await asyncio.sleep(chance.uniform(0, LATEST_KILL_S))
                if sum(killed.values()) % 2:
                    group.kill(actor)
                else:
                    # Only the agent: its etcd goes on, and must not be in the way of the next agent's.
                    group.processes[actor].handle.kill()
                killed[kind] = killed.get(kind, 0) + 1
                await asyncio.sleep(down_s)
                if actor in group.pods:
                    group.start(actor)
                # What others have begun meanwhile is over.
                logs.new()
                break


SCENARIOS = {
    "5 -> 7 -> 9 -> 11 -> 5 members under load": five_seven_nine_eleven_five,
    "Whoever changes the group is killed at each step, and the next leader finishes it": (
        whoever_acts_is_killed
    ),
}
