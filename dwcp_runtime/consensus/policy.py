"""The order of concerns: of everything that could be done for the group, one action a turn.

Only the leader changes the group. Every other agent looks after nothing but its own member.
"""

from __future__ import annotations

from dataclasses import replace

from dwcp_runtime.consensus import membership
from dwcp_runtime.consensus.quorum import Strength
from dwcp_runtime.consensus.view import Decision, Memory, View


def decide(view: View, memory: Memory) -> Decision:
    """What the agent does in this turn, why it leaves the rest, and what it remembers for the next one."""
    if memory.term != view.term or not view.leading:
        memory = Memory(term=view.term, leader_moves=memory.leader_moves, tried=memory.tried)
    if not view.leading:
        leader = view.member(view.leader)
        says = "no leader is known" if leader is None else f"{leader.label} leads and decides"
        return Decision(reasons=(says,), memory=memory)
    strength = Strength.of(view.voters)
    if not strength.holds:
        reason = f"no quorum: {strength.healthy} of {strength.voters} voters answer"
        return Decision(reasons=(reason,), memory=memory)
    step = membership.next_step(view, memory.uneven_since)
    memory = replace(memory, uneven_since=step.uneven_since)
    return Decision(action=step.action, reasons=step.reasons, memory=memory)
