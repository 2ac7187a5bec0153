"""`python -m bench.synth`: the same objects by helm, kustomize, cdk8s in TypeScript and us, in one table."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench import machine, ours, rivals
from bench.fleet import write_fleet
from bench.measure import CommandError, Run, measure
from bench.objects import count, read_tree
from bench.table import Row, markdown

CHECKOUT: Final = Path(__file__).resolve().parent.parent
TOOLS: Final = CHECKOUT / ".novacron" / "bin"
PAGE: Final = CHECKOUT / "docs" / "bench-synth.md"

_SIZES: Final = (None, 12, 100)
_QUICK: Final = (None, 6)
_SLOW_S: Final = 60.0
"""What takes longer is run once: its spread is small beside what it takes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 1 when a tool is missing or fails, 130 when interrupted; what was started is ended."""
    options = _options(arguments)
    missing = [name for name in ("kubeconform", "kubectl", "helm") if not (TOOLS / name).is_file()]
    if missing:
        print(f"missing: {', '.join(missing)}; run: make bench-synth", file=sys.stderr)
        return 1
    sizes = _QUICK if options.quick else _SIZES
    start = machine.load()
    rows: list[Row] = []
    try:
        modules = rivals.install_cdk8s(CHECKOUT / ".novacron" / "bench" / "cdk8s-ts")
        with tempfile.TemporaryDirectory(prefix="novacron-bench-") as folder:
            for position, regions in enumerate(sizes):
                bench = _Bench(Path(folder) / str(position), regions, options.runs, options.limit)
                rows += bench.rows(modules)
                shutil.rmtree(bench.folder)
    except (CommandError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return 130
    page = _page(rows, machine.describe(TOOLS, (start, machine.load())))
    print(page)
    if options.write:
        PAGE.write_text(page + "\n")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.synth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes only")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each (default: 5)")
    parser.add_argument(
        "--limit", type=float, default=600.0, metavar="SECONDS", help="end what takes longer (default: 600)"
    )
    parser.add_argument("--write", action="store_true", help=f"also write {PAGE.relative_to(CHECKOUT)}")
    return parser.parse_args(arguments)


class _Bench:
    """All tools at one size."""

    def __init__(self, folder: Path, regions: int | None, runs: int, limit_s: float) -> None:
        self.folder = folder
        self._regions = regions
        self._runs = runs
        self._limit_s = limit_s
        self._root = folder / "ours"
        self._measured: dict[str, list[Run]] = {}

    def rows(self, modules: Path) -> list[Row]:
        """Every tool as often as asked, in turns, so that a busy minute of the machine meets all of them."""
        ours.make_checkout(CHECKOUT, self._root)
        write_fleet(
            CHECKOUT / "fleet" / "production.yaml", self._regions, self._root / "fleet/production.yaml"
        )
        # The first run fills what stays from run to run: Python's bytecode and jsii's unpacked packages.
        self._measure("warm-up", ours.command(self._root, "--no-cache"), ours_env=True)
        objects = read_tree(self._root)
        size = f"{count(objects):,} in {len(objects) - 1} regions"
        say(f"{size}: writing the input of the others")
        others = [
            rivals.helm(objects, self.folder / "helm", TOOLS),
            rivals.kustomize(objects, self.folder / "kustomize", TOOLS),
            rivals.kustomize_by_cluster(objects, self.folder / "kustomize-by-cluster", TOOLS),
            rivals.cdk8s_typescript(objects, self.folder / "cdk8s-ts", modules),
        ]
        for number in range(self._runs):
            for case in ours.CASES:
                if self._is_due(case.name):
                    say(f"{size}: {case.name}, run {number + 1}")
                    case.prepare(self._root)
                    self._measure(case.name, ours.command(self._root, *case.options), ours_env=True)
            for rival in others:
                if self._is_due(rival.name):
                    say(f"{size}: {rival.name}, run {number + 1}")
                    self._measure(rival.name, rival.command)
        return [
            *(self._row(size, case.name, ours.ALL_CHECKS) for case in ours.CASES),
            *(self._row(size, rival.name, rival.checks) for rival in others),
        ]

    def _is_due(self, name: str) -> bool:
        return all(not run.cut and run.wall_s < _SLOW_S for run in self._measured.get(name, ()))

    def _measure(self, name: str, command: Sequence[str], *, ours_env: bool = False) -> None:
        run = measure(
            command,
            output=self.folder / "output",
            limit_s=self._limit_s,
            environment=machine.environment(CHECKOUT) if ours_env else os.environ,
        )
        say(f"  {run.wall_s:.2f} s{', ended at the limit' if run.cut else ''}")
        self._measured.setdefault(name, []).append(run)

    def _row(self, size: str, name: str, checks: str) -> Row:
        return Row(size=size, tool=name, checks=checks, runs=self._measured[name])


def say(line: str) -> None:
    """Progress, apart from the result."""
    print(line, file=sys.stderr, flush=True)


def _page(rows: Sequence[Row], about: Sequence[str]) -> str:
    return "\n\n".join(
        [
            "# The generator beside other ways to the same objects",
            "Made by `make bench-synth`: one run, all tools in turns.",
            "\n".join(about),
            markdown(rows),
            _NOTES,
        ]
    )


_NOTES: Final = """\
- The first size is `fleet/production.yaml`, the others repeat its regions. The other tools read exactly the
  objects of our tree, each a file of its own (cdk8s: a JSON file), and only spell them again; since kustomize
  refuses two objects of one identity, each name has its region appended.
- Ours builds, checks and publishes a file per object; "nothing changed" and "one field" find the tree of the
  run before.
- CPU is the user and system time of all processes. Peak memory is the largest sum of the resident memory of
  all processes at one time, looked at every 20 ms; pages that processes share count for each of them.
- A tool that takes more than a minute is run once."""


if __name__ == "__main__":
    sys.exit(main())
