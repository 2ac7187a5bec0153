"""One look at the group from one of its members: what etcd and the agents say, joined into a view."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, get_args

import aiohttp

from charts_py.contract import http_paths
from dwcp_runtime.consensus import group_keys, status_document
from dwcp_runtime.consensus.gateway import Contexts, Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.gateway_text import MemberEntry, MemberStatus, RangeResult, prefix_end
from dwcp_runtime.consensus.group_keys import Agreed
from dwcp_runtime.consensus.peer_map import PeerMap, ordinal_of
from dwcp_runtime.consensus.status_document import GroupStatus
from dwcp_runtime.consensus.view import Alarm, Joiner, Member, Timings, View

STATUS_SECONDS: Final = 1.5
"""How long a member may take to say how it is. One that is slower counts as unreachable in that turn."""

CONFIRM_SECONDS: Final = 3.0
"""How long a quorum may take to confirm what the leader's member knows."""

SEEN_SECONDS: Final = 5.0
"""Between two looks of a follower at the others, and of anybody at what other agents say."""


@dataclass(frozen=True, kw_only=True)
class Own:
    """What the agent knows of its own member without asking."""

    timings: Timings
    round_trips: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    commit_seconds: float | None = None
    ca_digest: str | None = None
    ca_file_digest: str | None = None
    snapshot_age: float | None = None


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What was seen. `status`: the own member's; `view` is None as long as it can't tell its group."""

    status: MemberStatus
    agreed: Agreed
    view: View | None


class Observer:
    """Looks from the member whose client URL is `own_url`. Close it."""

    def __init__(
        self,
        own_url: str,
        peers: PeerMap,
        *,
        contexts: Contexts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own_url = own_url
        self._peers = peers
        self._contexts = contexts
        self._clock = clock
        self._gateways: dict[str, Gateway] = {}
        self._agents: aiohttp.ClientSession | None = None
        self._missed: dict[int, float] = {}
        self._statuses: dict[int, MemberStatus | None] = {}
        self._said: dict[str, GroupStatus] = {}
        self._looked = float("-inf")
        self._asked = float("-inf")

    async def close(self) -> None:
        """Drop the connections."""
        await asyncio.gather(*(gateway.close() for gateway in self._gateways.values()))
        self._gateways.clear()
        if self._agents is not None:
            await self._agents.close()
            self._agents = None

    def gateway(self, url: str) -> Gateway:
        """The member at that client URL."""
        return self._gateways.setdefault(url, Gateway(url, self._contexts))

    async def look(self, own: Own) -> Observation:
        """What there is to see now. Raises GatewayError when the own member doesn't answer."""
        gateway = self.gateway(self._own_url)
        status = await gateway.status(timeout=STATUS_SECONDS)
        leading = status.leader == status.member_id != 0
        if status.learner:
            read = await gateway.range(
                group_keys.PREFIX, prefix_end(group_keys.PREFIX), serializable=True, timeout=STATUS_SECONDS
            )
            return Observation(status=status, agreed=group_keys.agreed(read.kvs), view=None)
        try:
            entries, read = await self._group(gateway, confirmed=leading)
        except GatewayError:
            if not leading:
                raise
            # A leader that no quorum answers for, and that has not noticed: it may not decide anything.
            status = replace(status, leader=0)
            leading = False
            entries, read = await self._group(gateway, confirmed=False)
        agreed = group_keys.agreed(read.kvs)
        now = self._clock()
        if leading or now - self._looked >= SEEN_SECONDS:
            self._looked = now
            await self._look_at(entries, status)
        if now - self._asked >= SEEN_SECONDS:
            self._asked = now
            await self._ask_agents(entries, status.member_id)
        self._statuses[status.member_id] = status
        alarms = (
            await gateway.alarms()
            if leading and any(each is not None and each.errors for each in self._statuses.values())
            else ()
        )
        return Observation(
            status=status, agreed=agreed, view=self._view(status, entries, agreed, alarms, own, now)
        )

    async def _group(
        self, gateway: Gateway, *, confirmed: bool
    ) -> tuple[tuple[MemberEntry, ...], RangeResult]:
        """The member list and what is agreed on; `confirmed` by a quorum, or as the member knows them."""
        entries = await gateway.members(linearizable=confirmed, timeout=CONFIRM_SECONDS)
        read = await gateway.range(
            group_keys.PREFIX,
            prefix_end(group_keys.PREFIX),
            serializable=not confirmed,
            timeout=CONFIRM_SECONDS,
        )
        return entries, read

    async def _look_at(self, entries: tuple[MemberEntry, ...], own: MemberStatus) -> None:
        others = [entry for entry in entries if entry.id != own.member_id]
        answers = await asyncio.gather(*(self._status_of(entry) for entry in others))
        self._statuses = {entry.id: answer for entry, answer in zip(others, answers, strict=True)}

    async def _status_of(self, entry: MemberEntry) -> MemberStatus | None:
        if not entry.client_urls:
            return None
        try:
            return await self.gateway(entry.client_urls[0]).status(timeout=STATUS_SECONDS)
        except GatewayError:
            return None

    async def _ask_agents(self, entries: tuple[MemberEntry, ...], me: int) -> None:
        names = [entry.name for entry in entries if entry.name and entry.id != me]
        answers = await asyncio.gather(*(self._said_by(name) for name in names))
        self._said = {name: said for name, said in zip(names, answers, strict=True) if said is not None}

    async def _said_by(self, name: str) -> GroupStatus | None:
        address = self._peers.by_name(name)
        if address is None:
            return None
        if self._agents is None:
            self._agents = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=STATUS_SECONDS), trust_env=False
            )
        try:
            async with self._agents.get(address.http_url + http_paths.CONSENSUS_STATUS) as answer:
                return status_document.parse(await answer.read())
        except (aiohttp.ClientError, OSError, TimeoutError, status_document.BadStatusError):
            return None

    def _view(
        self,
        status: MemberStatus,
        entries: tuple[MemberEntry, ...],
        agreed: Agreed,
        alarms: tuple[tuple[int, str], ...],
        own: Own,
        now: float,
    ) -> View:
        raised: dict[int, set[Alarm]] = {}
        for member, alarm in alarms:
            for known in get_args(Alarm):
                if alarm == known:
                    raised.setdefault(member, set()).add(known)
        members = tuple(
            self._member(entry, status, agreed, frozenset(raised.get(entry.id, ())), own, now)
            for entry in entries
        )
        self._missed = {
            member: since for member, since in self._missed.items() if member in {e.id for e in entries}
        }
        return View(
            now=now,
            me=status.member_id,
            leader=status.leader or None,
            term=status.term,
            members=members,
            joiners=tuple(
                Joiner(
                    name=request.name,
                    ordinal=ordinal_of(request.name),
                    peer_url=request.peer_url,
                    instance=request.instance,
                )
                for request in agreed.requests
            ),
            wanted_voters=agreed.voters,
            wanted_timings=agreed.timings,
            timings_generation=agreed.generation,
            rolling=agreed.rolling,
            placement_moves=agreed.moves,
            snapshot_age=own.snapshot_age,
            quota=status.db_quota or None,
        )

    def _member(
        self,
        entry: MemberEntry,
        own_status: MemberStatus,
        agreed: Agreed,
        alarms: frozenset[Alarm],
        own: Own,
        now: float,
    ) -> Member:
        mine = entry.id == own_status.member_id
        status = own_status if mine else self._statuses.get(entry.id)
        reachable = status is not None and status.leader == own_status.leader and status.leader != 0
        if reachable:
            self._missed.pop(entry.id, None)
        else:
            self._missed.setdefault(entry.id, now)
        said = self._said.get(entry.name)
        told: GroupStatus | Own | None = own if mine else said
        running = said.timings_running if said is not None else None
        theirs = (
            Timings(heartbeat_ms=running.heartbeat_ms, election_ms=running.election_ms) if running else None
        )
        peer_url = entry.peer_urls[0] if entry.peer_urls else ""
        ordinal = ordinal_of(entry.name) if entry.name else self._peers.ordinal_of_url(peer_url)
        return Member(
            id=entry.id,
            name=entry.name,
            ordinal=ordinal,
            peer_url=peer_url,
            learner=entry.learner,
            reachable=reachable,
            unreachable_since=self._missed.get(entry.id),
            instance=agreed.admitted.get(entry.id),
            raft_index=status.raft_index if status is not None else None,
            raft_applied=status.raft_applied if status is not None else None,
            db_size=status.db_size if status is not None else None,
            db_in_use=status.db_in_use if status is not None else None,
            version=status.version if status is not None else None,
            commit_seconds=told.commit_seconds if told is not None else None,
            round_trips=told.round_trips if told is not None else {},
            timings=own.timings if mine else theirs,
            ca_digest=told.ca_digest if told is not None else None,
            ca_file_digest=told.ca_file_digest if told is not None else None,
            alarms=alarms,
        )
