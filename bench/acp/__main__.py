"""`python -m bench.acp`: the consensus API beside etcd's own client, on one page."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from bench import machine
from bench.acp import group, load, timing
from bench.acp.goals import Cell, place
from bench.acp.group import Group, GroupError
from bench.acp.load import Load, LoadError
from bench.acp.page import Results, page
from bench.acp.timing import Timing
from bench.count_option import count
from bench.dwcp import line
from bench.dwcp.line import LOOPBACK, Line, LineError
from bench.dwcp.place import say
from bench.dwcp.profiles import Profile
from charts_py.contract.dwcp import CONSENSUS_SIZES

CHECKOUT: Final = Path(__file__).resolve().parents[2]
TOOLS: Final = CHECKOUT / ".novacron" / "bin"
KEPT: Final = CHECKOUT / ".novacron" / "bench" / "acp"
PAGE: Final = CHECKOUT / "docs" / "bench-acp.md"
PARTS: Final = ("puts", "timing")
CLIENTS: Final = (1, 16, 64, 256)
LINES_MS: Final = (0.0, 50.0, 150.0)
RATE_MBIT: Final = 1000.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 1 when a line or a tool isn't there, 2 for wrong options, 130 when interrupted; what was started
    is ended."""
    options = _options(arguments)
    try:
        return _main(options)
    except (LineError, subprocess.CalledProcessError, OSError) as error:
        print(f"bench.acp: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return 130


def _main(options: argparse.Namespace) -> int:
    for tool in ("etcd", "etcdutl", "etcd-benchmark", "http-load"):
        if not (TOOLS / tool).is_file():
            raise LineError(f"{tool} is not built: run `python tools/build.py bench-acp`")
    parts = options.part or PARTS
    lines = options.rtt if options.rtt is not None else LINES_MS
    needs_line = "timing" in parts or any(lines)
    wan = line.emulator(options.wan) if needs_line else ""
    start = machine.load()
    KEPT.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    timed: list[Timing] = []
    cells: list[Cell] = []
    with tempfile.TemporaryDirectory(prefix="run-", dir=KEPT) as folder:
        watching = threading.Thread(target=_timing, args=(Path(folder), wan, options, timed, problems))
        if "timing" in parts:
            watching.start()
        if "puts" in parts:
            for rtt_ms in lines:
                for size in options.size or CONSENSUS_SIZES[1:]:
                    what = f"{size} members, {place(rtt_ms)}"
                    with _guarded(what, problems):
                        # One by one: a list that breaks off keeps what it has.
                        cells.extend(_cells(Path(folder), wan, size, rtt_ms, options, problems))
        if "timing" in parts:
            watching.join()
    results = Results(cells=cells, timing=timed[0] if timed else None, problems=problems)
    text = page(results, _about(wan, (start, machine.load())))
    print(text)
    if options.write:
        PAGE.write_text(text + "\n")
    return 0


def _timing(
    folder: Path, wan: str, options: argparse.Namespace, found: list[Timing], problems: list[str]
) -> None:
    with _guarded("adaptive timing", problems):
        profile = Profile(rate_mbit=RATE_MBIT, rtt_ms=timing.RTT_MS, loss=0)
        with line.opened(profile, wan) as opened:
            say(f"adaptive timing: {timing.RTT_MS:g} ms, {options.watch:g} s")
            found.append(timing.measure(TOOLS, folder / "timing", opened, watch_s=options.watch))


def _cells(
    folder: Path, wan: str, size: int, rtt_ms: float, options: argparse.Namespace, problems: list[str]
) -> Iterator[Cell]:
    """Each cell as soon as it is there: one that fails costs none of its group's others."""
    with _opened(rtt_ms, wan) as opened:
        data = folder / f"{size}-{rtt_ms:g}"
        with group.running(TOOLS, data, opened, size=size, rtt_ms=rtt_ms) as running:
            for clients in options.clients or CLIENTS:
                with _guarded(f"{size} members, {place(rtt_ms)}, {clients} clients", problems):
                    yield _cell(running, size, rtt_ms, clients, runs=options.runs, seconds=options.seconds)


def _cell(running: Group, size: int, rtt_ms: float, clients: int, *, runs: int, seconds: float) -> Cell:
    ours: list[Load] = []
    theirs: list[Load] = []
    gateway: list[Load] = []
    end = running.leader.end

    def through_ours() -> None:
        ours.append(load.http(TOOLS, end, running.api, clients=clients, seconds=seconds))

    def through_theirs() -> None:
        # As many as ours managed in its time, so that both take about as long.
        total = max(clients * 4, round(max(ours[-1].rate, *(each.rate for each in theirs or ours)) * seconds))
        theirs.append(
            load.benchmark(TOOLS, end, running.leader.client, clients=clients, total=total, seconds=seconds)
        )

    def through_gateway() -> None:
        address = running.leader.client
        gateway.append(load.http(TOOLS, end, address, clients=clients, seconds=seconds, kind="gateway"))

    ways = (through_ours, through_theirs, through_gateway)
    for number in range(runs):
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


@contextlib.contextmanager
def _guarded(what: str, problems: list[str]) -> Iterator[None]:
    """What one group or cell can't do costs only itself: the others have taken long."""
    try:
        yield
    except (LineError, GroupError, LoadError, subprocess.SubprocessError, OSError) as error:
        problems.append(f"{what}: {error}")
        say(problems[-1])


def _about(wan: str, loads: tuple[float, float]) -> list[str]:
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    said = subprocess.run([TOOLS / "etcd", "--version"], capture_output=True, text=True, check=True).stdout
    kind = {"": "none", "netem": "netem"}.get(
        wan
    ) or f"`{Path(wan.split()[0]).name}`, as this kernel has no netem"
    return [
        f"{today}, {machine.processor()}, {os.cpu_count()} cores for members, API, clients and line, "
        f"{platform.system()} {platform.release()}, load average {loads[0]:.1f} at the start and "
        f"{loads[1]:.1f} at the end.",
        f"{said.splitlines()[0]}, Python {platform.python_version()}, aiohttp {metadata.version('aiohttp')}, "
        f"uvloop {metadata.version('uvloop')}. Line: {kind}.",
    ]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.acp", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"also write {PAGE.relative_to(CHECKOUT)}")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be given again")
    parser.add_argument(
        "--size",
        action="append",
        type=int,
        choices=CONSENSUS_SIZES,
        help="only groups of so many members; may be given again",
    )
    parser.add_argument(
        "--rtt",
        action="append",
        type=float,
        metavar="MS",
        help="only this line, 0: loopback; may be repeated",
    )
    parser.add_argument(
        "--clients", action="append", type=count, metavar="N", help="only so many clients; may be repeated"
    )
    parser.add_argument("--runs", type=count, default=2, metavar="N", help="runs of each way (default: 2)")
    parser.add_argument("--seconds", type=float, default=1.5, metavar="S", help="of a run (default: 1.5)")
    parser.add_argument(
        "--watch",
        type=float,
        default=timing.WATCH_S,
        metavar="S",
        help="how long elections are waited for (default: 600)",
    )
    parser.add_argument("--wan", metavar="TOOL", help="stands in for netem where the kernel has none")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
