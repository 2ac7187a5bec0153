"""Our own runs: a checkout of its own, and the three cases that a user meets."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.fleet import change_one_field

ALL_CHECKS = "schemas, references, semantics, counts, Argo CD"


@dataclass(frozen=True, kw_only=True)
class Case:
    """`prepare` is done before each run and isn't measured."""

    name: str
    options: tuple[str, ...]
    prepare: Callable[[Path], None]


def make_checkout(checkout: Path, root: Path) -> None:
    """A folder with everything that `novacron synth` needs beside the fleet file."""
    (root / "fleet").mkdir(parents=True)
    shutil.copytree(checkout / "schemas", root / "schemas")
    (root / ".novacron" / "bin").mkdir(parents=True)
    shutil.copy2(checkout / ".novacron" / "bin" / "kubeconform", root / ".novacron" / "bin")


def command(root: Path, *options: str) -> list[str]:
    """The command line of a run in `root`."""
    return [sys.executable, "-m", "charts_py.cli", "synth", "--root", str(root), *options]


def _empty(root: Path) -> None:
    for folder in (root / "generated", root / "argocd", root / ".novacron" / "cache"):
        shutil.rmtree(folder, ignore_errors=True)


def _nothing(_: Path) -> None:
    """The tree stays as the last run left it."""


def _change(root: Path) -> None:
    change_one_field(next((root / "fleet").glob("*.yaml")))


CASES = (
    Case(name="novacron synth --no-cache, empty checkout", options=("--no-cache",), prepare=_empty),
    Case(name="novacron synth, nothing changed", options=(), prepare=_nothing),
    Case(name="novacron synth, one field of one region changed", options=(), prepare=_change),
)
"""In this order: each finds the tree that the one before it left."""
