"""The group as somebody sees it who is not a part of it: through whichever member answers for a quorum."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dwcp_runtime.consensus import group_keys
from dwcp_runtime.consensus.bootstrap import Group, ListedMember
from dwcp_runtime.consensus.gateway import Contexts, Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.gateway_text import prefix_end
from dwcp_runtime.consensus.group_keys import Agreed, Request
from dwcp_runtime.consensus.peer_map import PeerAddress, PeerMap

LOOK_SECONDS: Final = 3.0
"""How long all members together have to answer."""

JOINING_SECONDS: Final = 30
"""How long a request to join outlives whoever asks."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A group that a quorum stands behind, and the member that said so."""

    group: Group
    agreed: Agreed
    through: PeerAddress


class GroupFinder:
    """Looks for the group of `peers` without the member `me`. Close it."""

    def __init__(self, peers: PeerMap, *, me: str, contexts: Contexts, tls: bool) -> None:
        self._peers = tuple(peer for peer in peers.members if peer.name != me)
        self._open: Callable[[PeerAddress], Gateway] = lambda peer: Gateway(
            peer.client_url(tls=tls), contexts, timeout=LOOK_SECONDS
        )
        self._gateways: dict[str, Gateway] = {}
        self._lease: tuple[str, int] | None = None

    async def close(self) -> None:
        """Drop the connections."""
        await asyncio.gather(*(gateway.close() for gateway in self._gateways.values()))
        self._gateways.clear()

    async def look(self) -> Found | None:
        """The group, if one answers. Of two, the one that was made anew more often."""
        tasks = [asyncio.create_task(self._ask(peer)) for peer in self._peers]
        done, late = await asyncio.wait(tasks, timeout=LOOK_SECONDS) if tasks else (set(), set())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        found = [result for task in done if (result := task.result()) is not None]
        return max(found, key=lambda each: each.group.epoch, default=None)

    async def ask_to_join(self, found: Found, request: Request) -> None:
        """Ask to be admitted, or go on asking. Raises GatewayError."""
        gateway = self._gateway(found.through)
        key = group_keys.joining_key(request.name)
        value = group_keys.request_value(request)
        if self._lease is not None and self._lease[0] == request.instance:
            try:
                if await gateway.keep_lease(self._lease[1]) and (await gateway.range(key)).kvs:
                    return
            except GatewayError:
                self._lease = None
                raise
        lease = await gateway.grant_lease(JOINING_SECONDS)
        await gateway.put(key, value, lease=lease)
        self._lease = (request.instance, lease)

    async def withdraw(self, found: Found, name: str) -> None:
        """Take the request back, because it was granted. What fails here ends with the lease."""
        self._lease = None
        try:
            await self._gateway(found.through).delete(group_keys.joining_key(name))
        except GatewayError:
            return

    def _gateway(self, peer: PeerAddress) -> Gateway:
        return self._gateways.setdefault(peer.name, self._open(peer))

    async def _ask(self, peer: PeerAddress) -> Found | None:
        gateway = self._gateway(peer)
        try:
            cluster_id, entries = await gateway.group()
            read = await gateway.range(group_keys.PREFIX, prefix_end(group_keys.PREFIX))
        except GatewayError:
            return None
        agreed = group_keys.agreed(read.kvs)
        members = tuple(
            ListedMember(
                id=entry.id,
                name=entry.name,
                peer_url=entry.peer_urls[0] if entry.peer_urls else "",
                instance=agreed.admitted.get(entry.id),
            )
            for entry in entries
        )
        group = Group(cluster_id=cluster_id, epoch=agreed.epoch, members=members, wanted_voters=agreed.voters)
        return Found(group=group, agreed=agreed, through=peer)
