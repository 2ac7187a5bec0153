import asyncio
import json
from types import SimpleNamespace

import pytest

from tests.acp.scale_scenario import hunt


class Pods:
    """Members as the hunt sees them: a log each, and who was killed and started."""

    def __init__(self, folder, *members):
        self.pods = set(members)
        self.down = set()
        self.processes = {member: self._process(folder / f"{member}.log", member) for member in members}

    def _process(self, log, member):
        log.touch()
        return SimpleNamespace(log=log, handle=SimpleNamespace(kill=lambda: self.down.add(member)))

    def kill(self, member):
        self.down.add(member)

    def start(self, member):
        self.pods.add(member)
        self.down.discard(member)

    def act(self, member, action):
        with self.processes[member].log.open("a") as log:
            log.write(json.dumps({"event": "action", "action": action}) + "\n")


@pytest.fixture
def pods(tmp_path):
    return Pods(tmp_path, 0, 5)


def hunted(pods, meanwhile):
    """Member 0 acts and is killed; `meanwhile` happens while it is down, and then the hunt is told to end."""

    async def work():
        over, killed = asyncio.Event(), {}
        hunter = asyncio.create_task(hunt(pods, killed, over, down_s=0.05))
        await asyncio.sleep(0.01)
        pods.act(0, "Remove(id=1, why='test')")
        async with asyncio.timeout(10):
            while not pods.down:
                await asyncio.sleep(0.001)
            meanwhile()
            over.set()
            await hunter
        return killed

    return asyncio.run(work())


def test_who_was_killed_at_the_last_step_is_started_though_the_hunt_is_over(pods):
    assert hunted(pods, lambda: None) == {"Remove": 1}
    assert pods.down == set()


def test_a_pod_that_was_taken_away_while_it_was_down_stays_away(pods):
    hunted(pods, lambda: pods.pods.discard(0))
    assert pods.pods == {5}
