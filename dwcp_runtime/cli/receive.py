"""`dwcp receive`: a receiver without Kubernetes."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

import uvloop

from charts_py.contract import ports
from dwcp_runtime.cli import exit_codes, progress_line, tls_options
from dwcp_runtime.cli.target import Address, address
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.progress import Progress
from dwcp_runtime.transport.tls_context import TlsFolder


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The parser of `dwcp receive`."""
    parser = commands.add_parser(
        "receive",
        help="store what senders send",
        description="Store below FOLDER what senders send, until interrupted. A file is there under its "
        "name only when it is whole and verified; what is not goes on with the next try of its sender.",
        epilog="example:\n"
        "  dwcp receive /srv/images --tls certs --allow eu-west-1.production.dwcp.novacron.io",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to store")
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help=f"address and port, 0 for a free one (default: all addresses, {ports.DWCP_TRANSPORT.number}; "
        "with --insecure 127.0.0.1)",
    )
    tls_options.add(parser)
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="NAME",
        help="a name in the certificate of a sender; repeatable",
    )
    parser.add_argument("--json", action="store_true", help="each transfer that ended as a JSON line")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """The exit code."""
    try:
        where = address(arguments.listen or ("127.0.0.1" if arguments.insecure else "[::]"))
        certificates = tls_options.folder(arguments, where.host)
        if certificates and not arguments.allow:
            raise ValueError("nobody may send yet; name the senders' certificates with --allow NAME")
        arguments.folder.mkdir(parents=True, exist_ok=True)
    except (ValueError, DwcpError, OSError) as problem:
        print(f"dwcp: {problem}", file=sys.stderr)
        return exit_codes.BAD_INPUT
    return uvloop.run(
        _receive(arguments.folder, where, certificates, frozenset(arguments.allow), as_json=arguments.json)
    )


async def _receive(
    folder: Path, where: Address, certificates: TlsFolder | None, allowed: frozenset[str], *, as_json: bool
) -> int:
    # Not at the top: `dwcp send` would wait for what only a receiver needs.
    from dwcp_runtime.transport.listen import Arrival, listen
    from dwcp_runtime.transport.receiver import Receiver

    def heard(progress: Progress) -> None:
        print(json.dumps(progress.as_json()) if as_json else progress_line.summary(progress), flush=True)

    receiver = Receiver(folder, heard=heard)

    async def arrived(arrival: Arrival) -> None:
        peer = arrival.name or arrival.channel.peer
        await receiver.serve(arrival.channel, peer, welcomed=arrival.welcome)

    try:
        listener = await listen(
            where.host if where.host != "::" else "",
            where.port,
            arrived,
            contexts=certificates.contexts if certificates else None,
            allowed=lambda: allowed,
            refuse=receiver.refuse,
            report=lambda peer, problem: print(f"dwcp: {peer}: {problem.message}", file=sys.stderr),
        )
    except DwcpError as problem:
        print(f"dwcp: {problem.message}", file=sys.stderr)
        return exit_codes.BAD_INPUT
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    print(f"listening on {Address(host=where.host, port=listener.port)}", flush=True)
    await stop.wait()
    receiver.drain()
    await receiver.interrupt()
    await listener.close()
    receiver.close()
    return exit_codes.OK
