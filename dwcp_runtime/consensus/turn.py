"""One turn of an agent whose etcd runs: a look, at most one action, and whether etcd starts anew."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from dwcp_runtime.consensus import current, group_keys
from dwcp_runtime.consensus.data_dir import DataDir, DataDirError
from dwcp_runtime.consensus.execute import execute
from dwcp_runtime.consensus.fence import Fence
from dwcp_runtime.consensus.founding_grant import GrantError
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.group_record import GroupRecord
from dwcp_runtime.consensus.host import RefusedError
from dwcp_runtime.consensus.known import Known
from dwcp_runtime.consensus.observe import Observation, Observer
from dwcp_runtime.consensus.policy import decide
from dwcp_runtime.consensus.restart import timings_to_take_up
from dwcp_runtime.consensus.view import Action, Decision, Memory, View
from dwcp_runtime.network import logs

_log = logs.logger("consensus")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a turn works with. `member` gives the gateway of another member by its id; `snapshot` begins to
    take one."""

    name: str
    known: Known
    gateway: Gateway
    observer: Observer
    record: GroupRecord
    fence: Fence
    data: DataDir
    member: Callable[[int], Gateway | None]
    snapshot: Callable[[], Awaitable[None]]
    decide: Callable[[View, Memory], Decision] = decide

    async def take(self) -> bool:
        """True when etcd is to be started anew. Whatever fails is told in `known` and tried again."""
        known = self.known
        try:
            seen = await self.observer.look(known.own)
        except GatewayError as error:
            known.look_failed(str(error))
            return False
        known.look(seen)
        try:
            await self.record.write(seen, known.own.timings)
            if seen.view is None:
                known.waiting = ("a learner: it is promoted when it has caught up",)
                return await self._may_restart(seen)
            decision = self.decide(seen.view, known.memory)
            known.memory, known.waiting = decision.memory, decision.reasons
            if decision.action is not None and not await self._done(decision.action, seen.view):
                return False
            return await self._may_restart(seen) or await self.fence.outdated(led=bool(seen.status.leader))
        except (GatewayError, GrantError, RefusedError, DataDirError, OSError) as error:
            known.waiting = (str(error),)
            logs.event(_log, "action-failed", level=logging.WARNING, error=str(error))
            return False

    async def _done(self, action: Action, view: View) -> bool:
        """Carry out what was decided for `view`; False if that holds no more."""
        stale = await current.ask(view, self.gateway) if view.leading else None
        if stale is not None:
            logs.event(_log, "action-dropped", action=str(action), why=stale)
            self.known.waiting = (*self.known.waiting, f"decides anew, since {stale}")
            return False
        logs.event(_log, "action", action=str(action))
        await execute(action, self.gateway, member=self.member, snapshot=self.snapshot)
        return True

    async def _may_restart(self, seen: Observation) -> bool:
        """Whether it is this member's turn to take up new timings or a new authority."""
        own = self.known.own
        timings = timings_to_take_up(
            name=self.name,
            agreed=seen.agreed,
            view=seen.view,
            running=own.timings,
            same_ca=own.ca_digest == own.ca_file_digest,
        )
        if timings is None:
            return False
        if not seen.status.learner:
            # A quorum must confirm it. A learner can't ask one, and nobody misses it.
            allowed = (await self.gateway.range(group_keys.ROLLING)).kvs
            if not allowed or allowed[0].value != self.name.encode():
                return False
        self.data.update(timings=timings)
        logs.event(_log, "restarting", heartbeat_ms=timings.heartbeat_ms, election_ms=timings.election_ms)
        return True
