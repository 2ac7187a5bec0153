"""Faults in random order, several at a time, as long as a quorum could stand."""

from __future__ import annotations

import asyncio
import random
import signal

from tests.acp.group import Group
from tests.acp.site import VOTERS, Site

ROUNDS = 8
LONGEST_S = 6.0
MOST_DISTURBED = 2
"""Of five."""


async def a_storm_passes(site: Site) -> None:
    group = await site.five()
    chance = random.Random(site.seed)
    told: list[str] = []

    async def fault() -> None:
        for _ in range(ROUNDS):
            victims = chance.sample(sorted(group.pods), chance.randint(1, MOST_DISTURBED))
            if chance.random() < 0.5 and group.watch.leader is not None:
                victims[0] = group.watch.leader
            told.append(await _disturb(site, group, sorted(set(victims)), chance))
            # Sometimes the next one comes before the group has recovered.
            await asyncio.sleep(chance.uniform(0, LONGEST_S))

    try:
        await site.measure(
            f"{ROUNDS} random faults of up to {MOST_DISTURBED} of five", group, fault, within_s=120
        )
    except Exception as error:
        raise AssertionError(f"seed {site.seed}, after {'; '.join(told)}: {error}") from error


async def _disturb(site: Site, group: Group, victims: list[int], chance: random.Random) -> str:
    kind = chance.choice(("kill", "pause", "cut", "one way", "unplug", "agents", "disk"))
    seconds = chance.uniform(0.2, LONGEST_S)
    others = group.pods - set(victims)
    match kind:
        case "kill":
            group.kill(*victims)
            await asyncio.sleep(seconds)
            group.start(*victims)
        case "pause":
            for victim in victims:
                site.network.signal(victim, signal.SIGSTOP)
            await asyncio.sleep(seconds)
            for victim in victims:
                site.network.signal(victim, signal.SIGCONT)
        case "cut" | "one way":
            site.network.cut(victims, others, both_ways=kind == "cut")
            await asyncio.sleep(seconds)
            site.network.heal()
        case "unplug":
            for victim in victims:
                site.network.unplug(victim)
            await asyncio.sleep(seconds)
            site.network.heal()
        case "agents":
            for victim in victims:
                group.processes[victim].handle.kill()
            await asyncio.sleep(seconds)
            group.start(*victims)
        case "disk":
            # A second lost disk before the first one is replaced would lose what was acknowledged.
            await group.healthy(VOTERS, seconds=120)
            group.kill(victims[0])
            group.lose_disk(victims[0])
            group.start(victims[0])
            await group.healthy(VOTERS, seconds=120)
    return f"{kind} of {victims} for {seconds:.1f} s"


SCENARIOS = {
    "A storm of random faults passes, and nothing that was acknowledged is lost": a_storm_passes,
}
