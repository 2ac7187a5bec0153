"""The one folder that an agent sends from: whoever may start transfers must not read the rest of the machine
through it."""

from __future__ import annotations

import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from dwcp_runtime.network.order import BadOrderError, Order

STAGING: Final = ".dwcp"
"""Below the data folder: where files that arrive are put together. Nothing in it is anybody's to send."""


@dataclass(frozen=True, kw_only=True)
class DataFolder:
    """The folder whose files may be sent, and that received files go to."""

    root: Path

    def placed(self, order: Order) -> Order:
        """The order with real paths in place of what was written. Relative ones begin at the folder.

        Raises BadOrderError for what is no regular file in it. Symbolic links are followed first and judged
        by where they lead, so that a link cannot lead out. Whoever may write to the folder while a transfer
        starts could still exchange a file: the folder's own permissions are the limit of that.
        """
        baseline = self._file("baseline", order.baseline) if order.baseline is not None else None
        return replace(order, path=self._file("path", order.path), baseline=baseline)

    def _file(self, key: str, path: Path) -> Path:
        allowed = f"a regular file in {self.root}"
        try:
            root = self.root.resolve(strict=True)
            found = (root / path).resolve(strict=True)
            if not found.is_relative_to(root) or found.relative_to(root).parts[:1] in ((), (STAGING,)):
                raise BadOrderError(f"{key}: {str(path)!r} may not be sent", allowed)
            mode = found.stat().st_mode
        except (OSError, RuntimeError, ValueError):
            # The same words for everything outside, there or not: the answer must not map the file system.
            outside = ".." in path.parts or (path.is_absolute() and not path.is_relative_to(self.root))
            words = "may not be sent" if outside else "is not there or cannot be read"
            raise BadOrderError(f"{key}: {str(path)!r} {words}", allowed) from None
        if not stat.S_ISREG(mode):
            raise BadOrderError(f"{key}: {str(path)!r} is no regular file", allowed)
        return found
