"""A group of members as processes, each in a namespace of its own."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from charts_py.contract import names
from tests.acp.history import now
from tests.acp.network import Network
from tests.acp.store import FailedError, Gateway, UnknownError
from tests.acp.watch import Watch
from tests.e2e.processes import Process, Supervisor

Launch = Callable[["Group", int], Sequence[str | Path]]
"""The command of a member."""
LAG_ENTRIES = 100
"""How far a member may be behind while clients write, to be called healthy."""


class NotHealthyError(Exception):
    """The group was not in order in time; the message says what was wrong last."""


def member_name(member: int) -> str:
    return f"{names.CONSENSUS}-{member}"


@dataclass(kw_only=True)
class Group:
    """`processes` are those that were started last, by member; `pods` those that there should be; `losses`
    are when a leader was lost."""

    network: Network
    supervisor: Supervisor
    folder: Path
    launch: Launch
    gateway: Gateway
    processes: dict[int, Process] = field(default_factory=dict)
    pods: set[int] = field(default_factory=set)
    starts: int = 0
    losses: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = Watch(
            gateway=self.gateway, addresses=lambda: {pod: self.network.address(pod) for pod in self.pods}
        )

    def data(self, member: int) -> Path:
        """The member's volume. It outlives the member's processes."""
        path = self.folder / f"volume-{member}"
        path.mkdir(exist_ok=True)
        return path

    def addresses(self) -> list[str]:
        """Where clients may ask: every pod."""
        return [self.network.address(member) for member in sorted(self.pods)]

    def start(self, *members: int) -> None:
        """Start the processes of these members; they are pods from now on."""
        for member in members:
            self.starts += 1
            self.data(member)
            command = [*self.network.within(member), *self.launch(self, member)]
            # Each start has a log of its own.
            self.processes[member] = self.supervisor.start(f"{self.starts:03}-member-{member}", command)
            self.pods.add(member)

    def kill(self, *members: int) -> None:
        """kill -9 to every process of these members, as when their machines lose power."""
        self.losing(*members)
        for member in members:
            self.network.signal(member, signal.SIGKILL)
            self.processes[member].handle.wait()

    def losing(self, *members: int) -> None:
        """Say that these members are about to be lost: if one leads, another must soon."""
        if self.watch.leader in members:
            self.losses.append(now())

    def new_leader_s(self, since: int) -> float | None:
        """The longest time, of all losses of a leader since then, until another one led; None without any."""
        found = [self.watch.new_leader_after(lost) for lost in self.losses if lost >= since]
        return max((seconds for seconds in found if seconds is not None), default=None)

    def stop(self, member: int) -> int:
        """SIGTERM to the agent; its exit code."""
        self.processes[member].handle.send_signal(signal.SIGTERM)
        return self.processes[member].handle.wait(60)

    def end(self) -> None:
        """End every process of the group."""
        for member in self.processes:
            self.network.signal(member, signal.SIGCONT)
        self.kill(*self.processes)
        self.pods.clear()

    def remove_pod(self, member: int) -> None:
        """End the member as Kubernetes does when it scales down; its volume stays."""
        self.stop(member)
        self.kill(member)
        self.pods.discard(member)

    def lose_disk(self, member: int) -> None:
        """Remove all that the member has on its volume."""
        for path in self.data(member).iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def logs(self, member: int) -> list[Path]:
        """The member's logs, first start first."""
        return sorted((self.supervisor.folder / "logs").glob(f"*-member-{member}.log"))

    def said(self, member: int) -> str:
        """Everything that the member's processes have written."""
        return "".join(path.read_text(errors="replace") for path in self.logs(member))

    async def healthy(self, voters: int, *, seconds: float = 60, lag: int = LAG_ENTRIES) -> float:
        """Wait until the group is odd and whole; how many seconds that took."""
        begin = time.monotonic()
        while (wrong := await self.wrong(voters, lag=lag)) is not None:
            if time.monotonic() - begin > seconds:
                raise NotHealthyError(f"after {seconds:.0f} s: {wrong}")
            await asyncio.sleep(0.1)
        return time.monotonic() - begin

    async def wrong(self, voters: int, *, lag: int = LAG_ENTRIES) -> str | None:
        """What keeps the group from being `voters` healthy members, as etcd itself says; None if nothing."""
        leaders: dict[int, str] = {}
        indexes: dict[int, int] = {}
        status: dict[int, dict[str, Any]] = {}
        members: list[dict[str, Any]] = []
        for pod in sorted(self.pods):
            address = self.network.address(pod)
            try:
                async with asyncio.timeout(3):
                    status[pod] = await self.gateway.call(address, "maintenance/status", {})
                    if not members:
                        members = (await self.gateway.call(address, "cluster/member/list", {}))["members"]
            except (FailedError, UnknownError, TimeoutError):
                continue
        if not members:
            return "no member answers"
        for pod, said in status.items():
            leaders[pod] = said.get("leader", "0")
            indexes[pod] = int(said.get("raftIndex", 0))
            if said.get("errors"):
                return f"{member_name(pod)} reports {said['errors']}"
        learners = [one.get("name") for one in members if one.get("isLearner")]
        if learners:
            return f"learners are left: {learners}"
        if len(members) != voters:
            return f"{len(members)} voters instead of {voters}: {[one.get('name') for one in members]}"
        there = {said["header"]["member_id"] for said in status.values()}
        if missing := [one.get("name") for one in members if one["ID"] not in there]:
            return f"voters don't answer: {missing}"
        if len(set(leaders.values())) != 1 or "0" in leaders.values():
            return f"members name different leaders: {leaders}"
        if max(indexes.values()) - min(indexes.values()) > lag:
            return f"members lag: {indexes}"
        return None
