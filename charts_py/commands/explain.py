"""`novacron explain`: the effective value of a setting, and where it comes from."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from charts_py.commands import exit_codes
from charts_py.fleet.explain import UnknownPathError, explain, render_rows
from charts_py.fleet.problem import FleetError
from charts_py.fleet.read import read_sources
from charts_py.synth.streams import answer, remark

HELP = "say where the effective value of a setting comes from"
EXAMPLE = "novacron explain production.regions.us-east-1.api.minReplicas"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument(
        "path", metavar="PATH", nargs="+", help="environment, region and setting, joined by dots or blanks"
    )
    parser.add_argument("--json", action="store_true", help="print the values as JSON")
    parser.add_argument(
        "--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: this folder)"
    )


def run(arguments: argparse.Namespace) -> int:
    """0: printed. 2: no such setting, or fleet files that can't be used."""
    try:
        rows = explain(read_sources(arguments.root / "fleet"), " ".join(arguments.path))
    except (FleetError, UnknownPathError) as error:
        if not arguments.json:
            remark(str(error))
        elif isinstance(error, FleetError):
            answer(json.dumps(error.to_json(), indent=2))
        else:
            answer(json.dumps({"error": str(error)}, indent=2))
        return exit_codes.BAD_INPUT
    answer(json.dumps([row.to_json() for row in rows], indent=2) if arguments.json else render_rows(rows))
    return exit_codes.OK
