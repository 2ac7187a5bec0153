"""A leader that is about to end gives leadership away, so that nobody waits for an election."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.view import Member, View
from dwcp_runtime.network import logs

HAND_OVER_SECONDS: Final = 5.0
"""How long leadership may take to go to another member before etcd is stopped anyway."""

_log = logs.logger("consensus")


def heir(view: View | None) -> Member | None:
    """Who gets it: of the other voters that answer, the one with the newest log. None: nobody is there, or
    the own member doesn't lead."""
    if view is None or not view.leading:
        return None
    others = [m for m in view.voters if m.id != view.me and m.reachable]
    return max(others, key=lambda member: member.raft_index or 0, default=None)


async def hand_over(view: View | None, gateway: Gateway) -> None:
    """Through the own member; where that fails, the others hold an election."""
    to = heir(view)
    if to is None:
        return
    try:
        async with asyncio.timeout(HAND_OVER_SECONDS):
            await gateway.move_leader(to.id)
        logs.event(_log, "handed-over", to=to.name)
    except (GatewayError, TimeoutError) as error:
        logs.event(_log, "not-handed-over", level=logging.WARNING, error=str(error))
