"""A recovery that was ordered in the data folder: whether it may be carried out now, and doing it."""

from __future__ import annotations

import logging

from dwcp_runtime.consensus import group_keys, recover
from dwcp_runtime.consensus.data_dir import DataDir
from dwcp_runtime.consensus.etcd_tools import EtcdTools
from dwcp_runtime.consensus.find_group import GroupFinder
from dwcp_runtime.consensus.founding_grant import GrantStore
from dwcp_runtime.consensus.gateway import Contexts, Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.options import Options
from dwcp_runtime.network import logs

_log = logs.logger("consensus")


class RecoveryOrders:
    """Those of one agent. An order is refused while a quorum stands, unless it has begun already."""

    def __init__(
        self,
        options: Options,
        *,
        data: DataDir,
        grant: GrantStore,
        finder: GroupFinder,
        tools: EtcdTools,
        contexts: Contexts,
    ) -> None:
        self._options = options
        self._data = data
        self._grant = grant
        self._finder = finder
        self._tools = tools
        self._contexts = contexts

    async def carry_out(self) -> None:
        """With etcd stopped. Raises RecoveryError where it can't be done: nothing may start then."""
        plan = recover.order(self._data)
        if plan is None:
            return
        # With its epoch in the grant it has begun, and the members of the old group are fenced.
        begun = (await self._grant.read()).epoch >= plan.epoch
        if not begun and await self._finder.look() is not None:
            self._refuse()
            return
        source = plan.source.path
        logs.event(_log, "recovering", level=logging.WARNING, epoch=plan.epoch, source=source)
        await recover.carry_out(
            plan,
            options=self._options,
            data=self._data,
            grant=self._grant,
            tools=self._tools,
            contexts=self._contexts,
        )
        logs.event(_log, "recovered", level=logging.WARNING, epoch=plan.epoch)

    async def due(self, gateway: Gateway) -> bool:
        """Whether etcd is to be stopped for one. `gateway`: the own member, by which a quorum is asked."""
        try:
            if recover.order(self._data) is None:
                return False
        except recover.RecoveryError:
            return False
        try:
            await gateway.range(group_keys.EPOCH)
        except GatewayError:
            return True
        self._refuse()
        return False

    def _refuse(self) -> None:
        recover.refuse(self._data)
        why = "a quorum stands again: the plan would throw away what was acknowledged since it was made"
        logs.event(_log, "recovery-refused", level=logging.ERROR, why=why, kept=recover.REFUSED)
