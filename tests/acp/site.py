"""What all trials of a run share: the network, the processes, and one group that goes from trial to trial."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp

from dwcp_runtime.consensus import group_keys
from tests.acp.group import Group, Launch
from tests.acp.network import Network
from tests.acp.store import Api, BothWays, Gateway, Store
from tests.acp.trial import Measured, trial
from tests.e2e.processes import Supervisor

VOTERS = 5
WISH = group_keys.VOTERS.decode()
MOST = 11


@dataclass(kw_only=True)
class Site:
    """`measured` are the trials that passed, for the table; `seed` is that of what is left to chance."""

    network: Network
    supervisor: Supervisor
    launch: Launch
    session: aiohttp.ClientSession
    seed: int = 1
    measured: list[Measured] = field(default_factory=list)
    _group: Group | None = None

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self.gateway = Gateway(self.session)
        self.store: Store = BothWays(Api(self.session), self.gateway)

    def empty(self) -> Group:
        """A group with nothing in it yet, in place of the one before."""
        number = next(self._numbers)
        folder = self.supervisor.folder / f"group-{number}"
        folder.mkdir()
        self._group = Group(
            network=self.network,
            supervisor=self.supervisor,
            folder=folder,
            launch=self.launch,
            gateway=self.gateway,
        )
        self._group.watch.start()
        return self._group

    async def five(self) -> Group:
        """Five healthy members: those of the trial before, or new ones if it left none."""
        kept = self._group
        if kept is not None and kept.pods == set(range(VOTERS)) and await kept.wrong(VOTERS) is None:
            return kept
        await self.clear()
        group = self.empty()
        group.start(*range(VOTERS))
        await group.healthy(VOTERS, seconds=120)
        return group

    async def clear(self) -> None:
        """End every process of the group, if there is one."""
        if self._group is None:
            return
        await self._group.watch.stop()
        self.network.heal()
        self._group.end()
        self._group = None

    async def measure(
        self,
        name: str,
        group: Group,
        fault: Callable[[], Awaitable[None]],
        *,
        voters: int = VOTERS,
        within_s: float = 60,
    ) -> None:
        """Run one trial and keep what it measured."""
        seed = next(self._numbers)
        self.measured.append(
            await trial(name, group, self.store, fault, voters=voters, seed=seed, within_s=within_s)
        )

    async def want(self, group: Group, voters: int) -> None:
        """Tell the group how many voters there should be."""
        await self.gateway.put(group.addresses()[0], WISH, str(voters))

    async def lead(self, group: Group, member: int) -> None:
        """Make this member the leader."""
        said = await self.gateway.call(self.network.address(member), "maintenance/status", {})
        mine, leader = said["header"]["member_id"], group.watch.leader
        if leader != member:
            assert leader is not None
            address = self.network.address(leader)
            await self.gateway.call(address, "maintenance/transfer-leadership", {"targetID": mine})
            await soon(lambda: group.watch.leader == member, f"member {member} leads")

    async def follower(self, group: Group) -> int:
        """A member that doesn't lead."""
        return next(member for member in sorted(group.pods, reverse=True) if member != group.watch.leader)


async def soon(holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until that is so; AssertionError with `what` if it isn't in time."""
    end = asyncio.get_running_loop().time() + seconds
    while not holds():
        assert asyncio.get_running_loop().time() < end, f"waited {seconds:.0f} s in vain for: {what}"
        await asyncio.sleep(0.05)
