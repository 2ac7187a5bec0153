"""`python -m bench.dwcp`: dwcp beside scp, rsync, rclone, zstd and others, on one page."""

from __future__ import annotations

import argparse
import compileall
import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bench import machine, page_file
from bench.count_option import count
from bench.dwcp import about, debian, encoder, image, line, loopback, memory, profiles, raw, second_version
from bench.dwcp.budget import Schedule, schedule
from bench.dwcp.encoder import Encoded
from bench.dwcp.image import ImageError
from bench.dwcp.line import LineError
from bench.dwcp.loopback import Loopback
from bench.dwcp.memory import Sized
from bench.dwcp.page import Results, page
from bench.dwcp.place import Place, say
from bench.dwcp.profiles import Profile
from bench.dwcp.raw import OnLine
from bench.dwcp.second_version import SecondVersion
from bench.dwcp.tools.iperf3 import Flow

CHECKOUT: Final = Path(__file__).resolve().parents[2]
KEPT: Final = CHECKOUT / ".novacron" / "bench" / "dwcp"
PAGE: Final = CHECKOUT / "docs" / "bench-dwcp.md"
PARTS: Final = ("raw", "image", "loopback", "encoder", "memory")

PACKAGES: Final = ("dwcp_runtime", "charts_py/contract")
"""What dwcp imports of this repository."""

_MEMORY_FOLDER: Final = Path("/dev/shm")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 1 when a line or the place isn't there, 2 for wrong options, 130 when interrupted; what was
    started is ended."""
    options = _options(arguments)
    debian.add_sbin()
    try:
        return _main(options)
    except (LineError, subprocess.CalledProcessError, OSError) as error:
        print(f"bench.dwcp: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        kept = (
            f"{PAGE.name} has the parts and lines that were measured"
            if options.write
            else "nothing was written"
        )
        print(f"interrupted; {kept}", file=sys.stderr)
        return 130


def _main(options: argparse.Namespace) -> int:
    if missing := debian.missing():
        if options.install:
            debian.install(missing)
        else:
            say(debian.how_to_install(missing))
    if options.install_only:
        return 0
    chosen = options.profile or (profiles.QUICK if options.quick else profiles.MATRIX)
    parts = tuple(options.part or PARTS)
    seconds = options.seconds or (3.0 if options.quick else 7.0)
    plan = schedule(chosen, parts, minutes=options.minutes, seconds=seconds, runs=options.runs)
    say(_announcement(plan, chosen, parts, options.minutes))
    wan = line.emulator(options.wan) if {"raw", "image", "encoder"} & set(parts) else ""
    # As an installer does: a checkout where Python may not keep what it compiled would do it at every start.
    for package in PACKAGES:
        compileall.compile_dir(CHECKOUT / package, quiet=1)
    start = machine.load()
    tools = [*raw.OTHERS, *second_version.TOOLS]

    def text(results: Results) -> str:
        return page(results, about.describe(tools, (start, machine.load()), wan or "netem"))

    def keep(results: Results) -> None:
        if options.write:
            page_file.write(PAGE, text(results) + "\n")

    with contextlib.ExitStack() as stack:
        disk = _folder(stack, options.folder or KEPT)
        folder = disk if options.folder or not _MEMORY_FOLDER.is_dir() else _folder(stack, _MEMORY_FOLDER)
        place = Place.make(folder, disk, KEPT)
        results = _measure(place, parts, chosen, plan, wan, seconds, options, keep)
    print(text(results))
    return 0


def _measure(
    place: Place,
    parts: Sequence[str],
    chosen: Sequence[Profile],
    plan: Schedule,
    wan: str,
    seconds: float,
    options: argparse.Namespace,
    keep: Callable[[Results], None],
) -> Results:
    """What one part or line can't do costs only itself: the others have taken long. `keep` gets what there is
    after each of them: what comes after may be interrupted."""
    quick: bool = options.quick
    problems: list[str] = []
    looped: Loopback | None = None
    encoded: list[Encoded] = []
    sized: list[Sized] = []
    flows: list[Flow] = []
    lines: list[OnLine] = []
    ways: list[SecondVersion] = []

    def so_far() -> Results:
        return Results(
            seconds=seconds,
            emulator=flows,
            lines=lines,
            ways=ways,
            loopback=looped,
            memory=sized,
            encoder=encoded,
            problems=problems,
        )

    @contextlib.contextmanager
    def guarded(what: str) -> Iterator[None]:
        try:
            yield
        except (LineError, ImageError, OSError) as error:
            problems.append(f"{what}: {error}")
            say(problems[-1])
        keep(so_far())

    end = time.monotonic() + options.minutes * 60
    rest_parts = [part for part in parts if part in ("raw", "image")]
    if "loopback" in parts:
        with guarded("loopback"):
            size = (256 << 20) if quick else (2 << 30)
            looped = loopback.measure(place, size=size, runs=max(5, options.runs))
    if "encoder" in parts:
        with guarded("the choice of levels"):
            encoded = encoder.measure(place, wan, runs=max(3, options.runs), shrink=8 if quick else 1)
    if "memory" in parts:
        with guarded("memory"):
            sized = memory.measure(place, [each // 16 for each in memory.SIZES] if quick else memory.SIZES)
    if "raw" in parts:
        with guarded("the emulator itself"):
            flows = raw.emulator_limit(place, wan)
        for position, profile in enumerate(chosen):
            with guarded(str(profile)):
                rest = schedule(chosen[position:], rest_parts, minutes=0, seconds=seconds, runs=options.runs)
                others = profile in plan.others and time.monotonic() + rest.seconds < end
                lines.append(
                    raw.measure(place, profile, wan, seconds=seconds, runs=options.runs, others=others)
                )
    if "image" in parts:
        with guarded("second version of an image"):
            say("images: made once, then kept")
            images = image.make(KEPT / ("image-quick" if quick else "image"), quick=quick)
            ways.extend(second_version.measure(place, images, wan, runs=options.runs))
    return so_far()


def _folder(stack: contextlib.ExitStack, parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="dwcp-bench-", dir=parent))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _announcement(plan: Schedule, chosen: Sequence[Profile], parts: Sequence[str], minutes: float) -> str:
    text = f"{', '.join(parts)}: about {plan.seconds / 60:.0f} minutes, images not counted"
    if "raw" in parts:
        text += f"; other tools on {len(plan.others)} of {len(chosen)} lines"
        if len(plan.others) < len(chosen):
            text += f" (--minutes {minutes:g})"
    return text


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.dwcp", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"also write {PAGE.relative_to(CHECKOUT)}")
    parser.add_argument("--quick", action="store_true", help="two lines, small files: to try the benchmark")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be given again")
    parser.add_argument(
        "--profile",
        action="append",
        type=_profile,
        metavar="RATE:RTT:LOSS",
        help="only this line, in Mbit/s, ms and a probability; may be given again",
    )
    parser.add_argument(
        "--runs", type=count, default=1, metavar="N", help="runs of ours; others: 1 (default: 1)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        metavar="S",
        help="what the file takes at a line's rate (default: 7, quick: 3)",
    )
    parser.add_argument(
        "--minutes", type=float, default=35.0, metavar="M", help="time for all of it (default: 35)"
    )
    parser.add_argument("--wan", metavar="TOOL", help="stands in for netem where the kernel has none")
    parser.add_argument(
        "--folder", type=Path, help="where files lie (default: in memory, large ones on disk)"
    )
    parser.add_argument("--install", action="store_true", help="install missing tools by apt-get, as root")
    parser.add_argument("--install-only", action="store_true", help="say what is missing, and no more")
    return parser.parse_args(arguments)


def _profile(text: str) -> Profile:
    try:
        return profiles.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
