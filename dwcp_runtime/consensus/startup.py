"""A member on its way up: asks its disk, the grant and the group, and does what `bootstrap` decides."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, assert_never

from dwcp_runtime.consensus import bootstrap
from dwcp_runtime.consensus.bootstrap import Start
from dwcp_runtime.consensus.data_dir import DataDir
from dwcp_runtime.consensus.find_group import Found, GroupFinder
from dwcp_runtime.consensus.founding_grant import GrantError, GrantStore
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.group_keys import Request
from dwcp_runtime.consensus.peer_map import PeerAddress
from dwcp_runtime.consensus.view import Timings
from dwcp_runtime.network import logs

DEFAULT_TIMINGS: Final = Timings(heartbeat_ms=100, election_ms=1000)
"""etcd's own, until round trips have been measured."""

_log = logs.logger("consensus")


@dataclass(frozen=True, kw_only=True)
class Ready:
    """How etcd is to be started now. `record`: write that the group is founded, once it has a leader."""

    state: Literal["new", "existing"]
    cluster: Mapping[str, str]
    epoch: int
    timings: Timings
    record: bool = False
    joined: bool = False


@dataclass(frozen=True, kw_only=True)
class NotYet:
    """Look again. `again`: at once, since something was done; else `why` says what is missing."""

    why: str = ""
    again: bool = False
    joining: bool = False
    retired: bool = False


class Startup:
    """The way up of the member `me`, one step a call."""

    def __init__(
        self, me: PeerAddress, *, tls: bool, data: DataDir, grant: GrantStore, finder: GroupFinder
    ) -> None:
        self._me = me
        self._peer_url = me.peer_url(tls=tls)
        self._data = data
        self._grant = grant
        self._finder = finder

    async def step(self) -> Ready | NotYet:
        """Decide and do one step. Raises DataDirError."""
        disk = self._data.disk()
        grant = await self._grant.read()
        found = await self._finder.look()
        start = bootstrap.decide_start(
            name=self._me.name,
            ordinal=self._me.ordinal,
            disk=disk,
            grant=grant,
            group=found.group if found is not None else None,
        )
        return await self._do(start, found)

    async def _do(self, start: Start, found: Found | None) -> Ready | NotYet:
        match start:
            case bootstrap.NameDisk():
                logs.event(_log, "disk-named", instance=self._data.name_disk())
                return NotYet(again=True)
            case bootstrap.TakeGrant(instance=instance):
                return await self._take_grant(instance)
            case bootstrap.Found(epoch=epoch):
                logs.event(_log, "founding", epoch=epoch)
                self._data.update(epoch=epoch)
                return self._ready("new", epoch, self._alone(), record=True)
            case bootstrap.Restart(record_grant=record):
                return self._ready("existing", self._data.state().epoch or 1, self._alone(), record=record)
            case bootstrap.AskToJoin(instance=instance):
                return await self._ask(found, instance)
            case bootstrap.StartAdmitted(member_id=member_id, epoch=epoch):
                return await self._start_admitted(found, member_id, epoch)
            case bootstrap.SetAside(why=why):
                kept = self._data.set_aside()
                logs.event(
                    _log, "data-set-aside", level=logging.WARNING, why=why, kept=str(kept) if kept else None
                )
                return NotYet(again=True)
            case bootstrap.Wait(why=why, retired=retired):
                return NotYet(why=why, retired=retired)
            case _:
                assert_never(start)

    async def _take_grant(self, instance: str) -> NotYet:
        try:
            await self._grant.take(instance)
        except GrantError as error:
            return NotYet(why=str(error))
        logs.event(_log, "grant-asked-for", instance=instance)
        return NotYet(again=True)

    async def _ask(self, found: Found | None, instance: str) -> NotYet:
        assert found is not None
        request = Request(name=self._me.name, peer_url=self._peer_url, instance=instance)
        try:
            await self._finder.ask_to_join(found, request)
        except GatewayError as error:
            return NotYet(why=f"cannot ask to join: {error}", joining=True)
        return NotYet(why="asked to join, and waits to be admitted as a learner", joining=True)

    async def _start_admitted(self, found: Found | None, member_id: int, epoch: int) -> Ready:
        assert found is not None
        cluster = {
            member.name or f"unstarted-{member.id:x}": member.peer_url
            for member in found.group.members
            if member.id != member_id
        }
        await self._finder.withdraw(found, self._me.name)
        timings = found.agreed.timings or DEFAULT_TIMINGS
        self._data.update(
            started=True,
            epoch=epoch,
            cluster_id=found.group.cluster_id,
            member_id=member_id,
            timings=timings,
        )
        logs.event(_log, "admitted", member=f"{member_id:x}", members=len(found.group.members), epoch=epoch)
        return self._ready("existing", epoch, {**cluster, **self._alone()}, joined=True)

    def never_started(self) -> None:
        """The etcd that was to join ended without having begun a log: the disk is as fresh as before."""
        if not self._data.has_log():
            self._data.update(started=False)

    def _alone(self) -> dict[str, str]:
        return {self._me.name: self._peer_url}

    def _ready(
        self,
        state: Literal["new", "existing"],
        epoch: int,
        cluster: Mapping[str, str],
        *,
        record: bool = False,
        joined: bool = False,
    ) -> Ready:
        timings = self._data.state().timings or DEFAULT_TIMINGS
        return Ready(state=state, cluster=cluster, epoch=epoch, timings=timings, record=record, joined=joined)
