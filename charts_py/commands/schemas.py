"""`novacron schemas update`: the schemas of other projects' kinds, made from their releases."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from charts_py.tree.schemas.lock import LOCK_FILE, LockError
from charts_py.tree.schemas.source import SourceError
from charts_py.tree.schemas.structural import SchemaError
from charts_py.tree.schemas.update import update

HELP = "renew schemas/ from the releases named in its lock file"
EXAMPLE = "novacron schemas update --mirror ../crds"

_SIGNS = (("added", "+"), ("changed", "~"), ("removed", "-"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `update` and its options to `parser`; `run` reads what it parses."""
    commands = parser.add_subparsers(dest="schemas_command", required=True, metavar="COMMAND")
    command = commands.add_parser(
        "update",
        help="make schemas/ what its lock file says",
        description=f"Read the releases in schemas/{LOCK_FILE} and write the schemas of the listed kinds.",
    )
    command.add_argument(
        "--mirror", type=Path, metavar="DIR", help="read the releases from DIR, not from the network"
    )
    command.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if schemas/ would change"
    )
    command.add_argument(
        "--schemas",
        type=Path,
        default=Path("schemas"),
        metavar="DIR",
        help="the schema folder (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """0: done, or nothing to do. 1: `--check` found differences. 2: an error, and nothing was written."""
    try:
        changes = update(
            args.schemas,
            mirror=args.mirror,
            check=args.check,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
    except (LockError, SourceError, SchemaError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for attribute, sign in _SIGNS:
        for name in getattr(changes, attribute):
            print(f"{sign} {args.schemas / name}")
    if not changes:
        print(f"{args.schemas}: {changes.total} schemas, as {LOCK_FILE} says")
        return 0
    if args.check:
        print(f"{args.schemas} is not what {LOCK_FILE} says; run: novacron schemas update", file=sys.stderr)
        return 1
    return 0
