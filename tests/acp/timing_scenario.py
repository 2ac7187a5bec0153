"""Lines that become longer: the group takes up slower timings, one member at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.acp import agents
from tests.acp.site import VOTERS, Site, soon

LINE_S = 0.04
ROUND_TRIP_MS = 160
"""Four passages of a line: out and in, there and back."""
PATIENCE_S = 240.0
"""A minute in which the lines stay long, and a restart of each member."""
FLAG = "--heartbeat-interval"


async def timings_follow_the_lines(site: Site) -> None:
    group = await site.five()
    before = {member: _restarts(group, member) for member in group.pods}
    order: list[int] = []
    elections = len(group.watch.leaders)

    def taken_up() -> bool:
        for member in sorted(group.pods):
            if member not in order and _restarts(group, member) > before[member]:
                order.append(member)
        return all(_heartbeat(site, member) >= ROUND_TRIP_MS // 2 + 50 for member in group.pods)

    with site.network.delayed(range(VOTERS)) as hold:

        async def fault() -> None:
            hold(LINE_S)
            await soon(taken_up, "every member runs with the timings of the longer lines", PATIENCE_S)

        await site.measure("timings roll over a line of 160 ms", group, fault)
        assert sorted(order) == list(range(VOTERS)), f"restarted: {order}"
        heartbeats = [_heartbeat(site, member) for member in range(VOTERS)]
        assert len(set(heartbeats)) == 1, f"members run with different heartbeats: {heartbeats}"
        assert 0.5 <= heartbeats[0] / ROUND_TRIP_MS <= 1.5, f"a heartbeat of {heartbeats[0]} ms"
        assert all(_restarts(group, member) == before[member] + 1 for member in group.pods)
        assert len(group.watch.leaders) - elections <= 1, "more than the leader's own hand-over"
        hold(0)
        await asyncio.sleep(1)
    await site.clear()


def _restarts(group: agents.Group, member: int) -> int:
    return sum(one["event"] == "restarting" for one in agents.events(group, member))


def _heartbeat(site: Site, member: int) -> int:
    """What the member's etcd was started with, in milliseconds; 0 while it doesn't run."""
    for pid in site.network.pids(member):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        for word, following in zip(words, [*words[1:], ""], strict=True):
            name, _, value = word.partition("=")
            if name == FLAG:
                return int(value or following)
    return 0


SCENARIOS = {
    "Timings follow longer lines, one member at a time, and nobody is elected without need": (
        timings_follow_the_lines
    ),
}
