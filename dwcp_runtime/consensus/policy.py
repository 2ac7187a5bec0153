"""The order of concerns: of everything that could be done for the group, one action a turn.

Only the leader changes the group. Every other agent looks after nothing but its own member.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dwcp_runtime.consensus import maintenance, membership, placement, timing
from dwcp_runtime.consensus.quorum import Strength
from dwcp_runtime.consensus.view import Action, Decision, Memory, View


def decide(view: View, memory: Memory) -> Decision:
    """What the agent does in this turn, why it leaves the rest, and what it remembers for the next one.

    It assumes that the action is carried out, or fails, before the next turn.
    """
    if memory.term != view.term or not view.leading:
        memory = Memory(term=view.term, tried=memory.tried)
    concerns = _leading(view, memory) if view.leading else _following(view, memory)
    reasons: tuple[str, ...] = ()
    for concern in concerns:
        memory, reasons = concern.memory, (*reasons, *concern.reasons)
        if concern.action is not None:
            return Decision(action=concern.action, reasons=reasons, memory=memory)
    return Decision(reasons=reasons, memory=memory)


@dataclass(frozen=True, kw_only=True)
class _Concern:
    memory: Memory
    action: Action | None = None
    reasons: tuple[str, ...] = ()


def _following(view: View, memory: Memory) -> Iterator[_Concern]:
    leader = view.member(view.leader)
    if leader is None:
        yield _Concern(memory=memory, reasons=("no leader is known",))
        return
    yield _Concern(memory=memory, reasons=(f"{leader.label} leads and decides",))
    yield _kept(memory, view, maintenance.snapshot(view, memory))


def _leading(view: View, memory: Memory) -> Iterator[_Concern]:
    strength = Strength.of(view.voters)
    if not strength.holds:
        reason = f"no quorum: {strength.healthy} of {strength.voters} voters answer"
        yield _Concern(memory=memory, reasons=(reason,))
        return
    yield _kept(memory, view, maintenance.damage(view))
    yield _kept(memory, view, maintenance.make_space(view, memory))

    step = membership.next_step(view, memory.uneven_since)
    memory = replace(memory, uneven_since=step.uneven_since)
    yield _Concern(memory=memory, action=step.action, reasons=step.reasons)

    rolled = timing.roll(view, under_way=step.under_way)
    yield _Concern(memory=memory, action=rolled.action, reasons=rolled.reasons)

    agreement = timing.agree(view, memory.timings_since)
    memory = replace(memory, timings_since=agreement.since)
    yield _Concern(memory=memory, action=agreement.action)

    if not step.under_way and view.rolling is None:
        placed = placement.place(view, memory.placement_candidate, memory.placement_since)
        memory = replace(memory, placement_candidate=placed.candidate, placement_since=placed.since)
        yield _Concern(memory=memory, action=placed.action, reasons=placed.reasons)

    yield _kept(memory, view, maintenance.snapshot(view, memory))
    yield _kept(memory, view, maintenance.defragment(view, memory, under_way=step.under_way))


def _kept(memory: Memory, view: View, upkeep: maintenance.Upkeep) -> _Concern:
    if upkeep.key is not None:
        memory = replace(memory, tried={**memory.tried, upkeep.key: view.now})
    return _Concern(memory=memory, action=upkeep.action, reasons=upkeep.reasons)
