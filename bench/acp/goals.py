"""What was asked for, and whether it was reached: figures in, verdicts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.acp.load import Load, median
from bench.verdict import Verdict

SHARE: Final = 0.8
"""Of the throughput of etcd's own client: ours costs at most 20 %."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """All ways at one concurrency on one group, in turns: ours, etcd's own client, and etcd's JSON gateway
    without ours. `rtt_ms` 0: loopback."""

    size: int
    rtt_ms: float
    clients: int
    ours: Sequence[Load]
    theirs: Sequence[Load]
    gateway: Sequence[Load]

    @property
    def share(self) -> float:
        """Our throughput of that of etcd's own client, by medians."""
        return median(self.ours).rate / median(self.theirs).rate

    @property
    def share_of_gateway(self) -> float:
        """Our throughput of the gateway's, by medians."""
        return median(self.ours).rate / median(self.gateway).rate

    @property
    def failed(self) -> int:
        """Puts of ours that failed. One loses every goal."""
        return median(self.ours).failed


def place(rtt_ms: float) -> str:
    """A line in words."""
    return f"RTT {rtt_ms:g} ms" if rtt_ms else "loopback"


def of_cells(cells: Sequence[Cell]) -> list[Verdict]:
    """The goal on each line, over all sizes and concurrencies, by both yardsticks."""
    found = []
    for rtt_ms in sorted({cell.rtt_ms for cell in cells}):
        chosen = [cell for cell in cells if cell.rtt_ms == rtt_ms]
        for yardstick, shares in (
            ("etcd's own client", [cell.share for cell in chosen]),
            ("the JSON gateway directly", [cell.share_of_gateway for cell in chosen]),
        ):
            found.append(
                _of_all(f"{place(rtt_ms)}: at least {SHARE:.0%} of the puts of {yardstick}", chosen, shares)
            )
    return found


def reached(share: float, failed: int) -> bool:
    """Of one cell."""
    return share >= SHARE and not failed


def _of_all(goal: str, cells: Sequence[Cell], shares: Sequence[float]) -> Verdict:
    lost = [
        f"{cell.size} members with {cell.clients} clients ({share:.0%})"
        for cell, share in zip(cells, shares, strict=True)
        if not reached(share, cell.failed)
    ]
    figures = f"{len(cells) - len(lost)} of {len(cells)} cells"
    return Verdict(
        goal=f"{goal}, in every cell",
        reached=not lost,
        figures=figures + (f"; not with {', '.join(lost)}" if lost else ""),
    )
