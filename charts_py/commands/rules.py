"""`novacron rules`: what is checked before anything is published."""

from __future__ import annotations

import argparse
import json

from charts_py.commands import exit_codes
from charts_py.synth.streams import answer
from charts_py.tree.checks.catalog import RULE_DOCS

HELP = "list every rule that the tree must satisfy"
EXAMPLE = "novacron rules --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("--json", action="store_true", help="print the rules as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Prints id and meaning of each rule."""
    if arguments.json:
        answer(json.dumps(RULE_DOCS, indent=2))
    else:
        width = max(map(len, RULE_DOCS))
        answer("\n".join(f"{rule:{width}}  {doc}" for rule, doc in sorted(RULE_DOCS.items())))
    return exit_codes.OK
