"""`dwcp send`: one file to one receiver, by hand."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Final

import uvloop

from dwcp_runtime.cli import exit_codes, progress_line, quantities, tls_options
from dwcp_runtime.cli.target import Address, target
from dwcp_runtime.transport.channel import Channel
from dwcp_runtime.transport.dial import dial
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.progress import Progress, State
from dwcp_runtime.transport.send_request import SendRequest
from dwcp_runtime.transport.sender import Sender
from dwcp_runtime.transport.socket_options import SocketPlan
from dwcp_runtime.transport.tls_context import TlsFolder

_BAR_SECONDS: Final = 0.2
_LINE_SECONDS: Final = 10.0


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The parser of `dwcp send`."""
    parser = commands.add_parser(
        "send",
        help="send a file or block device",
        description="Send a file or block device to a receiver. Interrupted, the same command goes on.",
        epilog="example:\n  dwcp send disk.img backup.example.com/vm42/disk.img --tls certs\n\n"
        + exit_codes.TABLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="what to send")
    parser.add_argument("target", metavar="HOST[:PORT]/NAME", help="where to, and the name to store it under")
    tls_options.add(parser)
    parser.add_argument(
        "--peer", metavar="NAME", help="the name in the receiver's certificate (default: HOST)"
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="OLD", help="an older version that the receiver has too"
    )
    parser.add_argument(
        "--streams", metavar="MIN-MAX", default="1-64", help="data connections (default: 1-64)"
    )
    parser.add_argument("--level", type=int, default=9, help="highest zstd level, 0 sends raw (default: 9)")
    parser.add_argument(
        "--rate", metavar="BITS", help="bits per second of all streams together, such as 200M"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long to try again without progress",
    )
    parser.add_argument(
        "--json", action="store_true", help="the outcome as one JSON object on standard output"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """The exit code."""
    try:
        where, name = target(arguments.target, default_name=arguments.path.name)
        request = SendRequest(
            path=arguments.path,
            name=name,
            peer=str(where),
            streams=_streams(arguments.streams),
            level=_level(arguments.level),
            rate_limit=quantities.rate(arguments.rate) if arguments.rate else None,
            baseline=arguments.baseline,
            patience=arguments.patience,
        )
        certificates = tls_options.folder(arguments, where.host)
    except (ValueError, DwcpError) as problem:
        print(f"dwcp: {problem}", file=sys.stderr)
        return exit_codes.BAD_INPUT
    return uvloop.run(
        _send(request, where, certificates, arguments.peer or where.host, as_json=arguments.json)
    )


def _streams(text: str) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    try:
        found = int(low), int(high if dash else low)
    except ValueError:
        found = 0, 0
    if not 1 <= found[0] <= found[1] <= 512:
        raise ValueError(f"--streams {text!r}; allowed: N or MIN-MAX within 1-512")
    return found


def _level(level: int) -> int:
    if not 0 <= level <= 19:
        raise ValueError(f"--level {level}; allowed: 0 to 19")
    return level


async def _send(
    request: SendRequest, where: Address, certificates: TlsFolder | None, expected: str, *, as_json: bool
) -> int:
    async def connect(plan: SocketPlan) -> Channel:
        contexts = certificates.contexts() if certificates else None
        return await dial(
            where.host, where.port, contexts=contexts, expected=expected if contexts else None, plan=plan
        )

    sender = Sender(request, dial=connect)
    running = asyncio.ensure_future(sender.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.cancel)
    showing = asyncio.ensure_future(_show(sender))
    try:
        await running
    except asyncio.CancelledError:
        pass
    finally:
        showing.cancel()
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr)
    outcome = sender.progress()
    print(progress_line.summary(outcome), file=sys.stderr)
    if as_json:
        print(json.dumps(outcome.as_json()))
    return _exit_code(outcome, sender.error)


def _exit_code(outcome: Progress, problem: DwcpError | None) -> int:
    if outcome.state is State.DONE:
        return exit_codes.OK
    if problem is None:
        return exit_codes.INTERRUPTED
    return exit_codes.of(ErrorCode(problem.code), from_peer=problem.from_peer)


async def _show(sender: Sender) -> None:
    """A bar on a terminal, a line now and then elsewhere."""
    terminal = sys.stderr.isatty()
    while True:
        await asyncio.sleep(_BAR_SECONDS if terminal else _LINE_SECONDS)
        if terminal:
            width = shutil.get_terminal_size().columns
            print(f"\r\x1b[K{progress_line.bar(sender.progress(), width=width - 1)}", end="", file=sys.stderr)
        else:
            print(progress_line.line(sender.progress()), file=sys.stderr)
        sys.stderr.flush()
