"""Decisions against random schedules: what fails, when, and what people wish for meanwhile."""

from __future__ import annotations

import os
from random import Random

import pytest

from charts_py.contract.dwcp import CONSENSUS_SIZES
from dwcp_runtime.consensus.simulated_group import BrokenError, Pod, SimulatedGroup, empty
from dwcp_runtime.consensus.timing import DEFAULT

SCHEDULES = int(os.environ.get("ACP_SCHEDULES", "1000"))
"""A thousand take a few seconds; `make simulate-acp` tries 50,000."""

SHARDS = 10
PODS = 12
POSITIONS = (0.0, 0.001, 0.05, 0.15, 0.4)
CALM_TURNS = 400


def crash(group: SimulatedGroup, pod: Pod, seconds: float) -> None:
    """A pod goes away for a while; its etcd goes with it."""
    if pod.etcd_up and group.up(pod):
        group.failures += 1
    pod.etcd_up = False
    pod.down_until = group.now + seconds


def lose_disk(group: SimulatedGroup, pod: Pod) -> None:
    """A volume is lost, unless that ends the group for good: the grant's holder never founds again."""
    if pod.instance is not None and pod.instance == group.grant.holder and not group.grant.founded:
        return
    voters = [entry.pod for entry in group.voters()]
    if any(entry.pod is pod for entry in group.entries.values()):
        needed = group.quorum()
        if pod not in voters:
            needed = (len(voters) + 1) // 2 + 1  # It may be promoted in this moment.
        elif group.wish == 1:
            needed = len(voters)  # On the way to one there is no voter to spare.
        holders = [e for e in group.voters() if e.pod is not pod and e.pod.member_id == e.id]
        if len(holders) < needed:
            return
    crash(group, pod, 2.0)
    if group.random.random() < 0.7:
        empty(pod)
    else:
        pod.has_data, pod.member_id = False, None  # The log alone: the disk still knows its name.


def cut(group: SimulatedGroup, sides: dict[int, int]) -> None:
    """The network is cut between pods of different sides, or heals when all are on one."""
    for pod in group.pods:
        side = sides.get(pod.ordinal, 0)
        if side != pod.side and pod.etcd_up:
            group.failures += 1
        pod.side = side


def scale(group: SimulatedGroup, replicas: int) -> None:
    """Pods appear, or vanish with their volumes kept."""
    for pod in group.pods:
        if pod.exists and pod.ordinal >= replicas:
            crash(group, pod, 0.0)
        pod.exists = pod.ordinal < replicas


def happen(group: SimulatedGroup) -> None:
    """One thing that people, machines or networks do."""
    random = group.random
    pod = group.pods[random.randrange(PODS)]
    kind = random.random()
    if kind < 0.30:
        crash(group, pod, random.choice((0.5, 2.0, 20.0, 400.0)))
    elif kind < 0.38:
        lose_disk(group, pod)
    elif kind < 0.46:
        cut(group, {} if random.random() < 0.5 else {o: random.randrange(2) for o in range(PODS)})
    elif kind < 0.56:
        scale(group, random.randint(1, PODS))
    elif kind < 0.72:
        group.wish = random.choice((None, *CONSENSUS_SIZES))
    elif kind < 0.80:
        pod.position = random.choice(POSITIONS)
    elif kind < 0.84:
        group.ca += 1
    elif kind < 0.88:
        pod.db_size = 1 << 30
    else:
        group.now += random.choice((31.0, 65.0, 130.0, 310.0))


def sometimes(group: SimulatedGroup, share: float) -> None:
    if group.random.random() < share:
        happen(group)


def storm(group: SimulatedGroup, turns: int) -> None:
    for _ in range(turns):
        group.now += 1.0
        sometimes(group, 0.4)
        group.turn(between=lambda: sometimes(group, 0.15))


def calm(group: SimulatedGroup) -> None:
    """Everything that can come back does, and stays until the group is at rest.

    With a wish there are as many pods as wished. Without one there are as many as before, or one more.
    """
    cut(group, {})
    for pod in group.pods:
        pod.down_until = min(pod.down_until, group.now)
    size = group.wish or min(highest_voter(group) + group.random.choice((1, 2)), CONSENSUS_SIZES[-1])
    for turn in range(CALM_TURNS):
        scale(group, max(size, highest_voter(group) + 1))
        group.now += 1.0 if turn % 8 else 20.0
        group.turn()
        if turn % 4 == 3 and not unrest(group, size):
            stay(group, size)
            return
    pytest.fail(f"not at rest: {unrest(group, size)}; {group.reasons}; wish {group.wish}")


def stay(group: SimulatedGroup, size: int) -> None:
    """A group at rest stays as it is, but for timings and the leader's place."""
    members = [(entry.id, entry.learner) for entry in group.entries.values()]
    for _ in range(4):
        group.now += 70.0
        group.turn()
        if members != [(entry.id, entry.learner) for entry in group.entries.values()]:
            pytest.fail(f"not at rest for long with {size} pods; wish {group.wish}")


def highest_voter(group: SimulatedGroup) -> int:
    return max((entry.pod.ordinal for entry in group.voters()), default=0)


def unrest(group: SimulatedGroup, pods: int) -> str:
    """What keeps the group from being whole, odd, as many as wished, and as agreed."""
    if group.leads() is None:
        return "no leader"
    members = sorted(entry.pod.ordinal for entry in group.entries.values())
    if members != list(range(pods)):
        return f"members {members} of {pods} pods"
    voters = len(group.voters())
    # Two voters never become one without a wish, and a learner waits for a second one.
    if voters != pods - (pods + 1) % 2 and not (pods == 2 and group.wish is None):
        return f"{voters} voters of {pods} pods"
    if any(not group.alive(entry) for entry in group.entries.values()):
        return "a member is away"
    if group.rolling is not None:
        return f"{group.rolling} restarts"
    agreed = group.wanted_timings or DEFAULT
    if any(e.pod.timings != agreed or e.pod.ca != group.ca for e in group.entries.values()):
        return "a member runs with old settings"
    return ""


def run(seed: int) -> SimulatedGroup:
    random = Random(seed)
    group = SimulatedGroup(random=random, pods=[Pod(ordinal=o) for o in range(PODS)])
    scale(group, random.choice((1, 1, 3, 5, 12)))
    group.wish = random.choice((None, None, 1, 3, 5, 7))
    try:
        storm(group, random.choice((5, 15, 40)))
        calm(group)
    except (BrokenError, pytest.fail.Exception) as broken:
        steps = "\n".join(group.history[-30:])
        raise AssertionError(f"schedule {seed}: {broken}\n{steps}") from broken
    return group


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_schedule_loses_the_quorum_by_a_step_of_ours_and_every_one_ends_whole(shard):
    for seed in range(shard, SCHEDULES, SHARDS):
        run(seed)


def settle(group: SimulatedGroup, size: int, *, kill: bool) -> int:
    """Turns until the group has `size` voters and is at rest; says how many leaders died on the way."""
    died = 0
    for _ in range(CALM_TURNS):
        scale(group, max(size, highest_voter(group) + 1))
        steps = len(group.history)
        group.now += 1.0
        group.turn()
        leader = group.leads()
        if kill and leader is not None and len(group.history) > steps:
            crash(group, leader.pod, 3.0)
            died += 1
        if not unrest(group, size):
            return died
    pytest.fail(f"not at rest: {unrest(group, size)}; {group.reasons}")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kill", [False, True], ids=["in peace", "each leader dies after its step"])
def test_a_group_goes_from_5_to_7_9_11_and_back_to_5(seed, kill):
    group = SimulatedGroup(random=Random(seed), pods=[Pod(ordinal=o) for o in range(PODS)])
    for size in (5, 7, 9, 11, 5):
        group.wish = size
        died = settle(group, size, kill=kill)
        assert died >= (4 if kill else 0), size
