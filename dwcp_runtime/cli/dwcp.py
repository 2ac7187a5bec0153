"""`dwcp`: the two commands that people use by hand."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from dwcp_runtime.cli import receive, send


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    parser = argparse.ArgumentParser(
        prog="dwcp",
        description="Move VM images between machines, as fast as the link allows.",
        epilog="examples:\n"
        "  dwcp receive /srv/images --insecure\n"
        "  dwcp send disk.img 127.0.0.1/disk.img --insecure",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    send.add(commands)
    receive.add(commands)
    parsed = parser.parse_args(arguments)
    code: int = parsed.run(parsed)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
