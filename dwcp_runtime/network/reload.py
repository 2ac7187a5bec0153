"""Files that are read again when they change. What cannot be used changes nothing but a counter and the log.

The agent looks at the files every few seconds instead of asking the kernel to tell it: mounted volumes, bind
mounts and network file systems exchange files in ways that inotify misses, and a `stat` costs nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from dwcp_runtime.network import logs
from dwcp_runtime.network.file_stamp import Stamp, stamp

EVERY: Final = 2.0
"""Seconds between two looks."""

Apply = Callable[[], None]

_log = logs.logger("reload")


class Reloader:
    """Reads one thing again when one of its files was exchanged.

    `read` runs in a thread and gives what puts the new content to use, which runs on the event loop. Either
    refuses by one of `refusals`. Then what was in use stays, `failed` is called with `what`, and the files
    are left alone until they change once more.
    """

    def __init__(
        self,
        what: str,
        paths: Sequence[Path],
        *,
        read: Callable[[], Apply],
        refusals: tuple[type[Exception], ...],
        failed: Callable[[str], None],
    ) -> None:
        self.what = what
        self._paths = tuple(paths)
        self._read = read
        self._refusals = refusals
        self._failed = failed
        self._seen: Stamp = stamp(self._paths)

    async def look(self, *, asked: bool = False) -> bool:
        """Read again if something changed, or if `asked`; whether that was done with success."""
        now = stamp(self._paths)
        if now == self._seen and not asked:
            return False
        # Taken before the files are read: a change in between is seen by the next look.
        self._seen = now
        try:
            apply = await asyncio.to_thread(self._read)
            apply()
        except self._refusals as error:
            self._failed(self.what)
            logs.event(
                _log,
                "reload-refused",
                level=logging.ERROR,
                what=self.what,
                error=str(error),
                consequence="what was in use before stays in use",
            )
            return False
        logs.event(_log, "reloaded", what=self.what)
        return True
