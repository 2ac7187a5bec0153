"""`novacron`: picks the subcommand and turns what goes wrong into one clear line and an exit code."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import Final, NoReturn

from charts_py.commands import exit_codes, interrupts
from charts_py.synth import streams

COMMANDS: Final = ("synth", "explain", "rules", "schemas", "doctor")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit codes: see `commands.exit_codes`."""
    words = list(sys.argv[1:] if argv is None else argv)
    streams.prepare()
    try:
        with interrupts.orderly():
            return _run(words)
    except KeyboardInterrupt as interrupt:
        # A terminal's Ctrl-C ends Node too, and jsii's farewell to it fails.
        sys.unraisablehook = lambda _: None
        code = getattr(interrupt, "code", exit_codes.INTERRUPTED)
        return _fail(words, code, interrupts.MESSAGE)


def _run(words: Sequence[str]) -> int:
    if sys.flags.optimize > 1:
        return _fail(
            words, exit_codes.BAD_INPUT, "novacron: explains its rules by docstrings; run without -OO"
        )
    try:
        arguments = _parser(words).parse_args(words)
        return int(arguments.run(arguments))
    except UsageError as error:
        return _fail(words, exit_codes.BAD_INPUT, str(error))
    except streams.AnswerLostError as error:
        streams.remark(f"novacron: {error}")
        return exit_codes.ANSWER_LOST
    except BrokenPipeError:
        message = "novacron: a program that it runs has ended early; is memory short?"
        return _fail(words, exit_codes.MISSING_TOOL, message)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        message = f"novacron: {where}{error.strerror or error}; see to it and run again"
        return _fail(words, exit_codes.BAD_INPUT, message)
    except Exception as error:
        streams.remark(traceback.format_exc())
        return _fail(
            words, exit_codes.FAULT, f"novacron: a fault of its own: {type(error).__name__}: {error}"
        )


def _fail(words: Sequence[str], code: int, message: str) -> int:
    """Say what went wrong where the caller looks for it."""
    if "--json" not in words:
        streams.remark(message)
        return code
    try:
        streams.answer(json.dumps({"error": message}, indent=2))
    except streams.AnswerLostError:
        streams.remark(message)
    return code


class UsageError(Exception):
    """The words of the command line are none that the command knows."""


class _Parser(argparse.ArgumentParser):
    """Leaves it to `main` how an error is told."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.format_usage()}{self.prog}: error: {message}")


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Only the chosen command's module is imported: an unchanged synth takes less time than all of them."""
    parser = _Parser(
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
