"""Runs as a Markdown table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure import Run

_HEAD = ("objects", "tool", "runs", "wall, median (min-max)", "CPU", "peak memory", "checks")


@dataclass(frozen=True, kw_only=True)
class Row:
    """All runs of one tool at one size."""

    size: str
    tool: str
    checks: str
    runs: Sequence[Run]


def markdown(rows: Sequence[Row]) -> str:
    """One line per row, aligned, so that it reads as text too."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    walls = [run.wall_s for run in row.runs]
    cut = any(run.cut for run in row.runs)
    wall = (
        f"more than {max(walls):.0f} s, then ended"
        if cut
        else f"{statistics.median(walls):.2f} s ({min(walls):.2f}-{max(walls):.2f})"
    )
    cpu = statistics.median(run.cpu_s for run in row.runs)
    peak = max(run.peak_bytes for run in row.runs) / 1e6
    return (row.size, row.tool, str(len(row.runs)), wall, f"{cpu:.2f} s", f"{peak:.0f} MB", row.checks)
