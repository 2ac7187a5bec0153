"""Whether the group was made anew without this member, so that its etcd must not go on voting."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from dwcp_runtime.consensus.bootstrap import GrantState
from dwcp_runtime.consensus.data_dir import DataDir
from dwcp_runtime.consensus.find_group import GroupFinder
from dwcp_runtime.consensus.founding_grant import GrantStore
from dwcp_runtime.network import logs

FENCE_EVERY: Final = 10.0
"""Seconds between two looks."""

_log = logs.logger("consensus")


class Fence:
    """Compares the epoch of the own data with that of the grant, and of the group that others are in."""

    def __init__(
        self,
        data: DataDir,
        grant: GrantStore,
        finder: GroupFinder,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data = data
        self._grant = grant
        self._finder = finder
        self._clock = clock
        self._looked = float("-inf")

    async def outdated(self, *, led: bool) -> bool:
        """Looks now and then, else False. `led`: whether the own member knows a leader; without one the
        others are asked too. Raises GrantError."""
        now = self._clock()
        if now - self._looked < FENCE_EVERY:
            return False
        self._looked = now
        own = self._data.state().epoch or 1
        grant = await self._grant.read()
        newest = grant.epoch if grant.state is GrantState.GIVEN else 0
        if not led:
            found = await self._finder.look()
            newest = max(newest, found.group.epoch if found is not None else 0)
        if newest <= own:
            return False
        logs.event(_log, "outdated", level=logging.WARNING, epoch=own, newest=newest)
        return True
