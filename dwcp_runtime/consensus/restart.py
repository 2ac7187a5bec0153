"""Whether it is a member's turn to restart its etcd for other timings or another authority. Pure."""

from __future__ import annotations

from dwcp_runtime.consensus.group_keys import Agreed
from dwcp_runtime.consensus.timing import DEFAULT
from dwcp_runtime.consensus.view import Timings, View


def timings_to_take_up(
    *, name: str, agreed: Agreed, view: View | None, running: Timings, same_ca: bool
) -> Timings | None:
    """What the member `name` restarts with now; None: it goes on as it is.

    `view` is None for a learner. `same_ca`: whether it trusts what lies in its mount.
    """
    if agreed.rolling != name or _leads_others(view):
        return None
    timings = agreed.timings or DEFAULT
    return None if timings == running and same_ca else timings


def _leads_others(view: View | None) -> bool:
    """A leader gives leadership away first. The only voter has nobody to give it to."""
    return view is not None and view.leading and len(view.voters) > 1
