"""`python -m bench.acp`: the consensus API beside etcd's own client, on one page.

All of it takes about 25 minutes: 10 for 60 cells of puts on 15 groups, then 3 until a group of agents has
settled, 10 in which it is watched, and 2 in which it loses its leader five times.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench import page_file
from bench.acp import page, puts, timing, timing_run
from bench.acp.about import About
from bench.acp.guard import guarded
from bench.acp.puts import Plan
from bench.acp.timing import Timing
from bench.count_option import count
from bench.dwcp import line
from bench.dwcp.line import LineError
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 1 when a line or a tool isn't there, 2 for wrong options, 130 when interrupted; what was started
    is ended, and what was measured until then is on the page."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = _options(words)
    try:
        return _main(options, words)
    except (LineError, subprocess.CalledProcessError, OSError) as error:
        print(f"bench.acp: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what was measured until then is kept", file=sys.stderr)
        return 130


def _main(options: argparse.Namespace, words: Sequence[str]) -> int:
    for tool in ("etcd", "etcdutl", "etcd-benchmark", "http-load"):
        if not (TOOLS / tool).is_file():
            raise LineError(f"{tool} is not built: run `python tools/build.py bench-acp`")
    parts = options.part or PARTS
    lines = options.rtt if options.rtt is not None else LINES_MS
    wan = line.emulator(options.wan) if "timing" in parts or any(lines) else ""
    plan = Plan(
        sizes=options.size or CONSENSUS_SIZES[1:],
        lines_ms=lines,
        clients=options.clients or CLIENTS,
        runs=options.runs,
        seconds=options.seconds,
    )
    text = PAGE.read_text() if options.write and PAGE.exists() else ""
    KEPT.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="run-", dir=KEPT) as folder:
            # One after the other: elections would suffer from the load of the puts.
            if "puts" in parts:
                for section in _puts(Path(folder), wan, plan, words):
                    text = _keep(page.merged(text, page.PUTS, section), write=options.write)
            if "timing" in parts:
                for section in _timing(Path(folder), wan, options, words):
                    text = _keep(page.merged(text, page.TIMING, section), write=options.write)
    finally:
        print(text)
    return 0


def _puts(folder: Path, wan: str, plan: Plan, words: Sequence[str]) -> Iterator[str]:
    """The part of the page, anew after each group."""
    about = About(tools=TOOLS, words=words, wan=wan if any(plan.lines_ms) else "")
    for found in puts.measure(TOOLS, folder, wan, plan):
        yield page.puts(found.cells, found.problems, about.lines())


def _timing(folder: Path, wan: str, options: argparse.Namespace, words: Sequence[str]) -> Iterator[str]:
    """The part of the page, anew after the watch and after each kill."""
    about = About(tools=TOOLS, words=words, wan=wan)
    say(f"adaptive timing: {timing.RTT_MS:g} ms, {options.watch:g} s")
    found: Timing | None = None
    problems: list[str] = []
    with guarded("adaptive timing", problems):
        profile = Profile(rate_mbit=puts.RATE_MBIT, rtt_ms=timing.RTT_MS, loss=0)
        with line.opened(profile, wan) as opened:
            measured = timing_run.measure(
                TOOLS, folder / "timing", opened, watch_s=options.watch, kills=options.kills
            )
            for found in measured:
                yield page.adaptive(found, [], about.lines())
    if problems:
        yield page.adaptive(found, problems, about.lines())


def _keep(text: str, *, write: bool) -> str:
    if write:
        page_file.write(PAGE, text)
    return text


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
    parser.add_argument("--seconds", type=float, default=1.2, metavar="S", help="of a run (default: 1.2)")
    parser.add_argument(
        "--watch",
        type=float,
        default=timing.WATCH_S,
        metavar="S",
        help="how long elections are waited for (default: 600)",
    )
    parser.add_argument(
        "--kills", type=count, default=timing.FAILOVERS, metavar="N", help="how often the leader is killed"
    )
    parser.add_argument("--wan", metavar="TOOL", help="stands in for netem where the kernel has none")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
