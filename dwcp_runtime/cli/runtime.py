"""`dwcp-runtime ROLE`: what the images run. Each role is one long-running process."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn, get_args

from charts_py.contract import commands, lifetimes, ports
from charts_py.contract.commands import RUNTIME, Role
from dwcp_runtime.cli import consensus
from dwcp_runtime.cli import runtime_exit_codes as exit_codes
from dwcp_runtime.cli.say import fail

ROLES: Final[tuple[str, ...]] = get_args(Role)
BUILT: Final = ("consensus", "network")
LONGEST_GRACE: Final = 24 * 3600.0


class UsageError(Exception):
    """The words of the command line are none that the command knows."""


def run(words: Sequence[str]) -> int:
    """Run one role to its end. Exit codes: see `runtime_exit_codes`."""
    try:
        arguments = _parser().parse_args(words)
    except UsageError as error:
        return fail(str(error))
    if arguments.role not in BUILT:
        return fail(f"{RUNTIME}: this build has no {arguments.role} yet; it has: {', '.join(BUILT)}")
    return consensus.run(arguments) if arguments.role == "consensus" else _network(arguments)


def main() -> NoReturn:
    """The entry point. A thread that still waits for the name service or a disk must not delay the end."""
    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os._exit(code)


def _network(arguments: argparse.Namespace) -> int:
    # Whoever asks for a reload while the agent still starts must not end it.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Not imported at the top: `--help` and the other roles need none of it.
    import uvloop

    from dwcp_runtime.network import logs
    from dwcp_runtime.network.agent import Agent, Outcome
    from dwcp_runtime.network.config import config_path, load_config
    from dwcp_runtime.network.config_error import ConfigError
    from dwcp_runtime.network.options import OptionError, Options, insecure_address, parse_address
    from dwcp_runtime.network.token_file import TokenFileError
    from dwcp_runtime.network.transfer_engine import TransferEngine
    from dwcp_runtime.transport.errors import DwcpError

    logs.configure(as_json={"json": True, "plain": False}.get(arguments.log))
    log = logs.logger("agent")
    try:
        listen = parse_address(arguments.listen) if arguments.listen else None
        if arguments.insecure:
            listen = insecure_address(listen, forced=arguments.force_insecure)
        path = config_path(arguments.config)
        config = load_config(path)
        defaults = Options(config=path)
        options = Options(
            config=path,
            listen=listen or defaults.listen,
            admin=parse_address(arguments.admin) if arguments.admin else defaults.admin,
            tls=None if arguments.insecure else Path(arguments.tls),
            data=Path(arguments.data),
            token_file=Path(arguments.token_file) if arguments.token_file else None,
            grace=arguments.grace,
        )
    except (ConfigError, OptionError) as error:
        return fail(str(error))

    async def serve() -> int:
        try:
            agent = Agent(options, config, TransferEngine)
        except (DwcpError, TokenFileError) as error:
            return fail(getattr(error, "message", str(error)))
        try:
            outcome = await agent.run()
        except (DwcpError, OSError) as error:
            return fail(f"{RUNTIME}: {getattr(error, 'message', error)}", exit_codes.NO_PORT)
        codes = {
            Outcome.DRAINED: exit_codes.OK,
            Outcome.CUT: exit_codes.CUT,
            Outcome.DROPPED: exit_codes.DROPPED,
        }
        return codes[outcome]

    try:
        # Not closed: that would wait for the very threads that `main` leaves behind.
        return asyncio.Runner(loop_factory=uvloop.new_event_loop).run(serve())
    except KeyboardInterrupt:
        return exit_codes.DROPPED
    except Exception as error:
        logs.fault(log, "fault", error)
        return exit_codes.FAULT


class _Parser(argparse.ArgumentParser):
    """Leaves it to `run` how an error is told."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.format_usage()}{self.prog}: error: {message}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=RUNTIME,
        description="The processes of NovaCron's images, one role each.",
        epilog=f"example: {RUNTIME} network --config dwcp.yaml",
        allow_abbrev=False,
    )
    roles = parser.add_subparsers(dest="role", metavar="ROLE", required=True)
    for role in ROLES:
        if role not in BUILT:
            other = roles.add_parser(role, help="not in this build")
            other.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    words = (
        "one member of the region's consensus group: an etcd, kept up, in a group that stays odd and healthy"
    )
    group = roles.add_parser(
        "consensus",
        help="one member of the region's consensus group",
        description=words,
        epilog=consensus.EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    consensus.add_arguments(group)
    consensus.add_verbs(group)
    words = "the node agent: moves VM state between regions"
    network = roles.add_parser(
        "network",
        help=words,
        description=words,
        epilog=f"example: {RUNTIME} network --config dwcp.yaml --insecure --data ./images",
        allow_abbrev=False,
    )
    _add_network_arguments(network)
    return parser


def network_options() -> list[str]:
    """The options of `network`, as people write them."""
    parser = _Parser(add_help=False)
    _add_network_arguments(parser)
    return [option for action in parser._actions for option in action.option_strings]


def _add_network_arguments(network: argparse.ArgumentParser) -> None:
    network.add_argument(
        "--config", metavar="FILE", help=f"peers and limits; without it, {commands.CONFIG_VARIABLE} names it"
    )
    network.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help=f"where agents connect (default: *:{ports.DWCP_TRANSPORT.number})",
    )
    network.add_argument(
        "--admin",
        metavar="HOST:PORT",
        help=f"health, metrics and transfers (default: *:{ports.DWCP_ADMIN.number})",
    )
    network.add_argument(
        "--tls",
        metavar="DIR",
        default=commands.TLS_MOUNT,
        help="folder with tls.crt, tls.key and ca.crt (default: %(default)s)",
    )
    network.add_argument(
        "--data",
        metavar="DIR",
        default=commands.DATA_MOUNT,
        help="the only folder that files are sent from and arrive in (default: %(default)s)",
    )
    network.add_argument(
        "--token-file",
        metavar="FILE",
        help="a secret that allows to start and cancel transfers, from anywhere",
    )
    network.add_argument(
        "--grace",
        metavar="SECONDS",
        type=_seconds,
        default=float(lifetimes.AGENT_DRAIN_SECONDS),
        help="how long transfers may run on after SIGTERM (default: %(default)s)",
    )
    network.add_argument(
        "--log",
        choices=("auto", "json", "plain"),
        default="auto",
        help="form of the log (default: plain on a terminal)",
    )
    network.add_argument("--insecure", action="store_true", help="no TLS; on loopback only")
    network.add_argument("--force-insecure", action="store_true", help="with --insecure, on any address")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= LONGEST_GRACE:
        raise argparse.ArgumentTypeError(f"{text!r} are no seconds; allowed: 0 to {LONGEST_GRACE:.0f}")
    return value


if __name__ == "__main__":
    main()
