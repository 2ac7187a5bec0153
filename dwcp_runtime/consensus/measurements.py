"""Measures the lines to the other members and the own disk, again and again."""

from __future__ import annotations

import asyncio

from dwcp_runtime.consensus.disk_time import DiskTime
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.known import Known
from dwcp_runtime.consensus.peer_map import PeerMap
from dwcp_runtime.consensus.round_trips import EVERY, RoundTrips
from dwcp_runtime.network import logs

_log = logs.logger("consensus")


class Measurements:
    """What was measured so far: `round_trips` by member, and `disk_time`."""

    def __init__(self, peers: PeerMap, gateway: Gateway) -> None:
        self._peers = peers
        self._gateway = gateway
        self.round_trips = RoundTrips()
        self.disk_time = DiskTime()

    async def run(self, known: Known) -> None:
        """Until cancelled. `known` says who is a member."""
        while True:
            view = known.view
            others = {member.name for member in view.members if member.id != view.me} if view else set()
            try:
                await self.round_trips.measure(peer for peer in self._peers.members if peer.name in others)
                if known.running:
                    self.disk_time = self.disk_time.after(await self._gateway.metrics())
            except GatewayError:
                pass
            except Exception as error:
                # One failed measurement must not be the last.
                logs.fault(_log, "measuring-fault", error)
            await asyncio.sleep(EVERY)
