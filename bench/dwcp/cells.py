"""Figures as short texts."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bench.dwcp.tools.dwcp import told
from bench.dwcp.transfer import Nothing, Runs, Transfer
from bench.measure import Run


def megabits(rate: float) -> str:
    """Bytes per second as Mbit/s, three figures."""
    value = rate * 8 / 1e6
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def rates(runs: Runs) -> str:
    """Median, and the extremes of several runs, in Mbit/s; or why there is none. What was ended at the limit
    gives a bound."""
    if runs.done:
        found = [run.rate for run in runs.done]
        text = megabits(statistics.median(found))
        return f"{text} ({megabits(min(found))}-{megabits(max(found))})" if len(found) > 1 else text
    for each in runs.outcomes:
        if isinstance(each, Transfer):
            return f"< {megabits(each.size / each.wall_s)}"
    return problem(runs)


def walls(runs: Runs) -> str:
    """Median, and the extremes of several runs; or why there is none."""
    if not runs.done:
        return problem(runs)
    found = [run.wall_s for run in runs.done]
    text = f"{statistics.median(found):.2f} s"
    return f"{text} ({min(found):.2f}-{max(found):.2f})" if len(found) > 1 else text


def problem(runs: Runs) -> str:
    """Why there is no figure."""
    return runs.problem or ""


def cpu_per_gigabyte(runs: Sequence[Transfer], end: str) -> str:
    """Median CPU seconds of one end for each GB of the file."""
    if not runs:
        return "-"
    return f"{statistics.median(_end(run, end).cpu_s / run.size * 1e9 for run in runs):.2f} s"


def cpu(runs: Sequence[Transfer], end: str) -> str:
    """Median CPU seconds of one end."""
    return f"{statistics.median(_end(run, end).cpu_s for run in runs):.1f} s" if runs else "-"


def peak(runs: Sequence[Transfer], end: str) -> str:
    """The largest of all runs."""
    return f"{max(_end(run, end).peak_bytes for run in runs) / 1e6:.0f} MB" if runs else "-"


def wire(runs: Runs) -> str:
    """Median bytes on the line, both ways."""
    counted = [run.wire_bytes for run in runs.done if run.wire_bytes is not None]
    return f"{statistics.median(counted) / 1e6:.1f} MB" if counted else "-"


def own(runs: Runs, key: str) -> str:
    """What ours said of itself under `key`, from each run, without repeating."""
    found = [str(told(run.said).get(key, "?")) for run in runs.done]
    return ", ".join(dict.fromkeys(found)) or "-"


def own_clock(runs: Runs) -> float | None:
    """Median bytes of the file per second by our own clock, which starts with the program's work; None where
    it told no time."""
    clocks = [(run.size, told(run.said).get("elapsed")) for run in runs.done]
    found = [size / float(elapsed) for size, elapsed in clocks if elapsed]
    return statistics.median(found) if found else None


def reasons(runs: Sequence[Runs]) -> list[str]:
    """All that went wrong, each once, also where other runs went well."""
    found = [
        f"{each.tool}: {outcome.reason}"
        for each in runs
        for outcome in each.outcomes
        if isinstance(outcome, Nothing) and outcome.reason.startswith("failed")
    ]
    return list(dict.fromkeys(found))


def _end(run: Transfer, end: str) -> Run:
    return run.sender if end == "sender" else run.receiver
