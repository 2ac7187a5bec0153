"""Writes down which group the member is in: on its own disk, in the group, and in the grant."""

from __future__ import annotations

from dwcp_runtime.consensus import group_keys
from dwcp_runtime.consensus.data_dir import DataDir
from dwcp_runtime.consensus.founding_grant import GrantStore
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_text import mod_is, put_op
from dwcp_runtime.consensus.observe import Observation
from dwcp_runtime.consensus.view import Timings
from dwcp_runtime.network import logs

_log = logs.logger("consensus")


class GroupRecord:
    """`founding`: the grant is still to be told that the group lives."""

    def __init__(self, name: str, *, data: DataDir, grant: GrantStore, gateway: Gateway) -> None:
        self._name = name
        self._data = data
        self._grant = grant
        self._gateway = gateway
        self.founding = False

    async def write(self, seen: Observation, running: Timings) -> None:
        """After a look; nothing without a leader. Raises GatewayError, GrantError, DataDirError."""
        if not seen.status.leader:
            return
        state = self._data.update(
            member_id=seen.status.member_id,
            cluster_id=seen.status.cluster_id,
            epoch=self._data.state().epoch or 1,
            timings=running,
            **_names(seen),
        )
        if seen.status.leader == seen.status.member_id and seen.agreed.epoch != (state.epoch or 1):
            # The group was made anew out of data that still says its old epoch.
            await self._gateway.put(group_keys.EPOCH, str(state.epoch).encode())
        if self.founding and not seen.status.learner and state.epoch is not None:
            compare = [mod_is(group_keys.EPOCH, 0)]
            await self._gateway.txn(compare, [put_op(group_keys.EPOCH, str(state.epoch).encode())])
            grant = await self._grant.read()
            holder = grant.holder or state.instance or self._name
            await self._grant.record(holder=holder, epoch=max(state.epoch, grant.epoch))
            self.founding = False
            logs.event(_log, "founding-recorded", epoch=state.epoch)


def _names(seen: Observation) -> dict[str, tuple[str, ...]]:
    if seen.view is None:
        return {}
    return {
        "voters": tuple(member.name for member in seen.view.voters),
        "learners": tuple(member.name for member in seen.view.learners if member.name),
    }
