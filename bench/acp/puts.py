"""Measures puts through all ways, on one group after the other."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.acp import group, load
from bench.acp.goals import Cell, place
from bench.acp.group import Group
from bench.acp.guard import guarded
from bench.acp.load import Load
from bench.dwcp import line
from bench.dwcp.line import LOOPBACK, Line
from bench.dwcp.place import say
from bench.dwcp.profiles import Profile

RATE_MBIT: Final = 1000.0
"""Of every line."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Groups of every one of `sizes` on every line of `lines_ms` (0: loopback), with every number of
    `clients`; each way `runs` times, about `seconds` each."""

    sizes: Sequence[int]
    lines_ms: Sequence[float]
    clients: Sequence[int]
    runs: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Puts:
    """What was found so far. `problems` say what could not be measured, and what has yet to be."""

    cells: Sequence[Cell]
    problems: Sequence[str]


def measure(tools: Path, folder: Path, wan: str, plan: Plan) -> Iterator[Puts]:
    """What is known after each group."""
    cells: list[Cell] = []
    problems: list[str] = []
    groups = [(size, rtt_ms) for rtt_ms in plan.lines_ms for size in plan.sizes]
    names = [f"{size} members, {place(rtt_ms)}" for size, rtt_ms in groups]
    for number, (size, rtt_ms) in enumerate(groups):
        begun = time.monotonic()
        with guarded(names[number], problems):
            _measure_group(tools, folder, wan, plan, size, rtt_ms, cells, problems)
        say(f"  {names[number]}: {time.monotonic() - begun:.0f} s in all")
        ahead = [f"{name}: the run did not get there" for name in names[number + 1 :]]
        yield Puts(cells=tuple(cells), problems=(*problems, *ahead))


def _measure_group(
    tools: Path,
    folder: Path,
    wan: str,
    plan: Plan,
    size: int,
    rtt_ms: float,
    cells: list[Cell],
    problems: list[str],
) -> None:
    data = folder / f"{size}-{rtt_ms:g}"
    with (
        _opened(rtt_ms, wan) as opened,
        group.running(tools, data, opened, size=size, rtt_ms=rtt_ms) as running,
    ):
        for clients in plan.clients:
            with guarded(f"{size} members, {place(rtt_ms)}, {clients} clients", problems):
                cells.append(_cell(tools, running, size, rtt_ms, clients, plan))


def _cell(tools: Path, running: Group, size: int, rtt_ms: float, clients: int, plan: Plan) -> Cell:
    ours: list[Load] = []
    theirs: list[Load] = []
    gateway: list[Load] = []
    end, address, seconds = running.leader.end, running.leader.client, plan.seconds

    def through_ours() -> None:
        ours.append(load.http(tools, end, running.api, clients=clients, seconds=seconds))

    def through_theirs() -> None:
        # As many as ours managed in its time, so that both take about as long.
        total = max(clients * 4, round(max(ours[-1].rate, *(each.rate for each in theirs or ours)) * seconds))
        theirs.append(load.benchmark(tools, end, address, clients=clients, total=total, seconds=seconds))

    def through_gateway() -> None:
        gateway.append(load.http(tools, end, address, clients=clients, seconds=seconds, kind="gateway"))

    ways = (through_ours, through_theirs, through_gateway)
    for number in range(plan.runs):
        running.hold_leader()
        for way in ways if number % 2 == 0 else reversed(ways):
            way()
    cell = Cell(size=size, rtt_ms=rtt_ms, clients=clients, ours=ours, theirs=theirs, gateway=gateway)
    say(
        f"  {size} members, {place(rtt_ms)}, {clients} clients: {load.median(ours).rate:.0f} of "
        f"{load.median(theirs).rate:.0f} puts/s, {cell.share:.0%}; {cell.share_of_gateway:.0%} of the gateway"
    )
    return cell


@contextlib.contextmanager
def _opened(rtt_ms: float, wan: str) -> Iterator[Line]:
    if not rtt_ms:
        yield LOOPBACK
        return
    with line.opened(Profile(rate_mbit=RATE_MBIT, rtt_ms=rtt_ms, loss=0), wan) as opened:
        yield opened
