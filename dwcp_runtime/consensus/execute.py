"""What the leader's agent decided, done through its own member. Each action is safe to cut short."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from dwcp_runtime.consensus import group_keys
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_text import delete_op, put_op, value_is
from dwcp_runtime.consensus.view import (
    Action,
    AddLearner,
    AllowRestart,
    ClearRestart,
    Defragment,
    DisarmNoSpace,
    MoveLeader,
    Promote,
    Remove,
    SetWantedTimings,
    TakeSnapshot,
)

HOUR: Final = 3600
"""Seconds for which a move counts."""


async def execute(
    action: Action,
    own: Gateway,
    *,
    member: Callable[[int], Gateway | None],
    snapshot: Callable[[], Awaitable[object]],
) -> None:
    """Do it. `own`: the leader; `member` gives the gateway of another one by its id. Raises GatewayError."""
    match action:
        case AddLearner(peer_url=peer_url, instance=instance):
            added = await own.add_learner(peer_url)
            await own.put(group_keys.admitted_key(added.id), instance.encode())
        case Promote(id=learner):
            await own.promote(learner)
        case Remove(id=gone):
            await own.remove(gone)
            await own.delete(group_keys.admitted_key(gone))
        case MoveLeader(to=to, for_placement=counted):
            if counted:
                # Before the move, after which this member leads no more. A move that then fails counts too.
                lease = await own.grant_lease(HOUR)
                await own.put(group_keys.MOVES + f"{lease:x}".encode(), b"", lease=lease)
            await own.move_leader(to)
        case SetWantedTimings(timings=timings, generation=generation):
            await own.put(group_keys.TIMINGS, group_keys.timings_value(timings, generation))
        case AllowRestart(name=name):
            await own.txn([], [put_op(group_keys.ROLLING, name.encode())])
        case ClearRestart(name=name):
            compare = [value_is(group_keys.ROLLING, name.encode())]
            await own.txn(compare, [delete_op(group_keys.ROLLING)])
        case TakeSnapshot():
            await snapshot()
        case Defragment(id=fragmented):
            gateway = member(fragmented)
            if gateway is not None:
                await gateway.defragment()
        case DisarmNoSpace(id=full):
            await own.disarm(full, "NOSPACE")
