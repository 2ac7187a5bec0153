"""`novacron explain`: the effective value of a setting, and where it comes from."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from charts_py.commands import exit_codes
from charts_py.fleet.explain import UnknownPathError, explain, render_rows
from charts_py.fleet.problem import FleetError
from charts_py.fleet.read import read_sources

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
        print(error, file=sys.stderr)
        return exit_codes.BAD_INPUT
    print(json.dumps([row.to_json() for row in rows], indent=2) if arguments.json else render_rows(rows))
    return exit_codes.OK
