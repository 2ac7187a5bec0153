"""`novacron`: picks the subcommand and turns what goes wrong into one clear line and an exit code."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Final

from charts_py.commands import exit_codes

COMMANDS: Final = ("synth", "explain", "rules", "schemas", "doctor")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit codes: see `commands.exit_codes`."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = _parser(words).parse_args(words)
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        print("novacron: interrupted; run the command again to finish the job", file=sys.stderr)
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        sys.stderr.close()
        return exit_codes.OK


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Only the chosen command's module is imported: an unchanged synth takes less time than all of them."""
    parser = argparse.ArgumentParser(
        prog="novacron",
        description="One fleet file in, the checked Kubernetes manifest tree of every region out.",
        epilog="example: novacron synth",
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = next((word for word in words if not word.startswith("-")), None)
    wanted = (chosen,) if chosen in COMMANDS else COMMANDS
    for name in wanted:
        command = _command(name)
        subparser = subparsers.add_parser(
            name, help=command.HELP, description=command.HELP, epilog=f"example: {command.EXAMPLE}"
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def _command(name: str) -> ModuleType:
    return importlib.import_module(f"charts_py.commands.{name}")


if __name__ == "__main__":
    sys.exit(main())
