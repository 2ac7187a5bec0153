"""What the exit code of a command of `dwcp-runtime consensus` means, the agent itself excepted."""

from __future__ import annotations

from typing import Final

OK: Final = 0
BAD_INPUT: Final = 2
"""An argument, a file or an answer cannot be used. Nothing was begun."""
UNREACHABLE: Final = 3
"""No agent answers at that address."""
REFUSED: Final = 4
"""The agent, or the state of the group, does not allow it now."""
NO_QUORUM: Final = 5
"""The member answers and is no part of a quorum."""

TABLE: Final = f"""exit codes:
  {OK}  done; `snapshot` also where there is nothing to save, on a member that is no voter
  {BAD_INPUT}  an argument or a file is not usable
  {UNREACHABLE}  no agent answers there
  {REFUSED}  not possible now; the message says why
  {NO_QUORUM}  `status`: the member is no part of a quorum"""
