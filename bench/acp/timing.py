"""Adaptive timing on a long line, as figures and verdicts: elections nobody asked for, failovers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.acp.agents import MEMBERS
from bench.dwcp.table import markdown
from bench.verdict import Verdict

RTT_MS: Final = 150.0
WATCH_S: Final = 600.0
FAILOVERS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Failover:
    """From the kill of a leader to the first acknowledgement of a put that started after it, at whichever
    survivor: through the agents' API, and through etcd without it. None: there was none in time."""

    api_s: float | None
    etcd_s: float | None


@dataclass(frozen=True, kw_only=True)
class Timing:
    """`elections`: terms within `watched_s` that nobody asked for; `moves`: those that the agents asked for,
    by handing leadership over. `settled_s`: from the start of the group to the start of the watch."""

    heartbeat_ms: int
    election_ms: int
    settled_s: float
    watched_s: float
    elections: int
    moves: int
    failovers: Sequence[Failover] = ()

    @property
    def bound_s(self) -> float:
        """What a failover may take: twice the election timeout."""
        return 2 * self.election_ms / 1000

    @property
    def text(self) -> str:
        """A paragraph, a table of the failovers, and why they take what they take."""
        said = (
            f"{MEMBERS} agents over a line of {RTT_MS:g} ms, {MEMBERS - 1} at one end. After "
            f"{self.settled_s:.0f} s all ran a heartbeat of {self.heartbeat_ms} ms and an election timeout "
            f"of {self.election_ms} ms, and the term had stood still for a while. In the "
            f"{self.watched_s:.0f} s after that, with a few puts a second at each member, "
            f"{self.elections} elections that nobody had asked for and {self.moves} moves of the leader "
            "that the agents had asked for."
        )
        if not self.failovers:
            return said
        rows = [
            [str(number), _seconds(each.api_s), _seconds(each.etcd_s), _over(each.api_s, self.bound_s)]
            for number, each in enumerate(self.failovers, 1)
        ]
        rows.append(
            [
                "median",
                _seconds(_median([each.api_s for each in self.failovers])),
                _seconds(_median([each.etcd_s for each in self.failovers])),
                f"{self.late} of {len(self.failovers)} over",
            ]
        )
        head = ("kill", "put through the API", "put at etcd", f"bound: {self.bound_s:.2f} s")
        return "\n\n".join([said, _KILLS, markdown(head, rows), _WHY])

    @property
    def late(self) -> int:
        """Failovers through the API that took longer than the bound, or never came."""
        return sum(bool(_over(each.api_s, self.bound_s)) for each in self.failovers)


def verdicts(found: Timing) -> list[Verdict]:
    """Both goals of timing. The first one needs ten minutes, the second one every kill within the bound."""
    kills = len(found.failovers)
    times = [each.api_s for each in found.failovers]
    return [
        Verdict(
            goal=f"adaptive timing, RTT {RTT_MS:g} ms: no spurious election in 10 minutes",
            reached=False if found.elections else True if found.watched_s >= WATCH_S else None,
            figures=f"{found.elections} in {found.watched_s:.0f} s",
        ),
        Verdict(
            goal=f"adaptive timing, RTT {RTT_MS:g} ms: each failover within two election timeouts",
            reached=not found.late if kills else None,
            figures=f"{kills - found.late} of {kills} kills within {found.bound_s:.2f} s; median "
            f"{_seconds(_median(times))}"
            if kills
            else "no leader was killed",
        ),
    ]


def _median(times: Sequence[float | None]) -> float | None:
    """One that never came counts as the longest."""
    ranked = statistics.median_high([float("inf") if each is None else each for each in times])
    return None if ranked == float("inf") else ranked


def _seconds(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds:.2f} s"


def _over(seconds: float | None, bound: float) -> str:
    return "" if seconds is not None and seconds <= bound else "OVER"


_KILLS: Final = """\
Each time the agent and the etcd of the leader are killed at once, at the end where two members are, so
that those that are left are a round trip apart. The time runs from the kill to the first acknowledgement, at
either of them, of a put that was started after it; puts start every 40 ms and wait for none before them."""

_WHY: Final = """\
etcd's members wait at random between one and two election timeouts (T) before they ask for pre-votes, and
a round trip each goes by for pre-vote, vote and the new leader's first commit. Two that ask within half a
round trip of each other split the votes and wait anew, which takes more than 2T together. A longer T
would make it rarer and every other failover longer."""
