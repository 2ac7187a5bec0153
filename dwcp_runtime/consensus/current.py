"""Whether a leader's view still holds when its decision is about to be carried out.

A look takes seconds when members are slow, and etcd forwards what a deposed leader asks to the new one. So
what was decided for another term, or for other members, is dropped; the next turn decides anew.
"""

from __future__ import annotations

from typing import Final

from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_text import MemberEntry, MemberStatus
from dwcp_runtime.consensus.view import View

CHECK_SECONDS: Final = 1.5
"""How long the check may take, each of its two questions. What isn't confirmed by then isn't done."""


async def ask(view: View, gateway: Gateway) -> str | None:
    """Why `view` holds no more, as the own member and a quorum say; None if it holds. Raises GatewayError."""
    entries = await gateway.members(linearizable=True, timeout=CHECK_SECONDS)
    # Last, so that a leader that was deposed while it waited for the quorum is seen.
    status = await gateway.status(timeout=CHECK_SECONDS)
    return why_stale(view, status, entries)


def why_stale(view: View, status: MemberStatus, entries: tuple[MemberEntry, ...]) -> str | None:
    """What has changed since a leader looked; None if nothing that its decision rests on."""
    if status.term != view.term:
        return f"the term is {status.term} and no longer {view.term}"
    if status.leader != status.member_id:
        return "the own member leads no more"
    if {(entry.id, entry.learner) for entry in entries} != {(m.id, m.learner) for m in view.members}:
        return "the members have changed"
    return None
