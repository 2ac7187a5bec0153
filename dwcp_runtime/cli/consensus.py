"""`dwcp-runtime consensus`: the agent of one member, and what people and backups ask of it."""

from __future__ import annotations

import argparse
import asyncio

from charts_py.contract import commands
from charts_py.contract.commands import RUNTIME
from dwcp_runtime.cli import consensus_client, consensus_recover
from dwcp_runtime.cli import runtime_exit_codes as exit_codes
from dwcp_runtime.cli.consensus_client import AGENT
from dwcp_runtime.cli.consensus_exit_codes import TABLE
from dwcp_runtime.cli.consensus_options import BadOptionsError, read_options
from dwcp_runtime.cli.say import fail

EXAMPLE = (
    f"example, three members on one machine, each in a shell of its own:\n"
    f"  {RUNTIME} consensus --insecure --name lab-0 --data lab/0 --founding-grant lab/grant \\\n"
    "    --peers 'lab-{i}=127.0.0.{i+1}'\n"
    f"  {RUNTIME} consensus --insecure --name lab-1 --data lab/1 --peers 'lab-{{i}}=127.0.0.{{i+1}}'\n"
    f"  {RUNTIME} consensus --insecure --name lab-2 --data lab/2 --peers 'lab-{{i}}=127.0.0.{{i+1}}'\n"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the agent. In a pod of the StatefulSet none is needed."""
    parser.add_argument(
        "--name",
        metavar="NAME",
        help=f"this member; its name ends in its ordinal (default: {commands.POD_NAME_VARIABLE})",
    )
    parser.add_argument(
        "--peers",
        metavar="PATTERN",
        help="where all members are: NAME-{i}=HOST[:PEER[:CLIENT[:HTTP[:METRICS]]]], where {i} is the ordinal"
        " and {i+N}, {i*M}, {i*M+N} count with it (default: the pods of the headless service in "
        f"{commands.POD_NAMESPACE_VARIABLE}; ports 2380, 2379, 9090, 8081)",
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        default=commands.DATA_MOUNT,
        help="folder of this member alone (default: %(default)s)",
    )
    parser.add_argument(
        "--founding-grant",
        metavar="FILE",
        help="outside of Kubernetes: file that lets member 0 found a group once; keep it outside of --data",
    )
    parser.add_argument(
        "--tls",
        metavar="DIR",
        default=commands.TLS_MOUNT,
        help="folder with tls.crt, tls.key and ca.crt (default: %(default)s)",
    )
    parser.add_argument("--insecure", action="store_true", help="no TLS; on loopback addresses only")
    parser.add_argument("--force-insecure", action="store_true", help="with --insecure, on any address")
    parser.add_argument("--tools", metavar="DIR", help="folder of etcd and etcdutl (default: those on PATH)")
    parser.add_argument(
        "--unsafe-no-fsync",
        action="store_true",
        help="for tests: etcd doesn't wait for its disk, so a machine that fails loses writes",
    )
    parser.add_argument(
        "--log",
        choices=("auto", "json", "plain"),
        default="auto",
        help="form of the log (default: plain on a terminal)",
    )


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """What people and backups ask of an agent, as commands below the agent's own."""
    verbs = parser.add_subparsers(
        dest="verb", metavar="COMMAND", title="commands; without one, the agent runs"
    )
    for name, words, example in (
        ("snapshot", "save the member's data, verified; backups run it before they copy volumes", ""),
        ("status", "what a member knows of itself and its group", ""),
    ):
        verb = verbs.add_parser(
            name,
            help=words,
            description=words,
            epilog=f"{TABLE}\nexample: {RUNTIME} consensus {name} --agent http://127.0.9.1:9090{example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        verb.add_argument(
            "--agent", metavar="URL", default=AGENT, help="the member's agent (default: %(default)s)"
        )
        verb.add_argument("--json", action="store_true", help="one JSON object on standard output")
    words = "after a lost quorum: plan what to make a new group of, and carry the plan out"
    recover = verbs.add_parser(
        "recover",
        help=words,
        description=f"{words}. Without --execute nothing is changed.",
        epilog=f"{TABLE}\nexample: {RUNTIME} consensus recover --save plan.json, then --execute plan.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_arguments(recover)
    recover.add_argument(
        "--snapshot",
        metavar="FILE",
        action="append",
        default=[],
        help="a snapshot from elsewhere to consider, too",
    )
    recover.add_argument("--save", metavar="FILE", help="write the plan there")
    recover.add_argument("--execute", metavar="PLAN", help="let this member's agent carry the plan out")
    recover.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Run what was asked for. Exit codes: `runtime_exit_codes` for the agent, `consensus_exit_codes` else."""
    if arguments.verb == "snapshot":
        return consensus_client.snapshot(arguments.agent, as_json=arguments.json)
    if arguments.verb == "status":
        return consensus_client.status(arguments.agent, as_json=arguments.json)
    if arguments.verb == "recover":
        return consensus_recover.run(arguments)
    return _agent(arguments)


def _agent(arguments: argparse.Namespace) -> int:
    # Not imported at the top: `--help` and the other roles need none of it.
    import uvloop

    from dwcp_runtime.consensus.agent import Agent, Outcome
    from dwcp_runtime.consensus.data_dir import DataDirError
    from dwcp_runtime.consensus.etcd_tools import ToolError
    from dwcp_runtime.consensus.etcd_version import EtcdVersionError
    from dwcp_runtime.network import logs
    from dwcp_runtime.transport.errors import DwcpError

    logs.configure(as_json={"json": True, "plain": False}.get(arguments.log))
    try:
        options = read_options(arguments)
    except BadOptionsError as error:
        return fail(str(error))

    async def serve() -> int:
        try:
            outcome = await Agent(options).run()
        except (DataDirError, EtcdVersionError, ToolError) as error:
            return fail(f"{RUNTIME} consensus: {error}")
        except DwcpError as error:
            return fail(f"{RUNTIME} consensus: {error.message}")
        except OSError as error:
            return fail(f"{RUNTIME} consensus: {error}", exit_codes.NO_PORT)
        return exit_codes.OK if outcome is Outcome.STOPPED else exit_codes.DROPPED

    try:
        return asyncio.Runner(loop_factory=uvloop.new_event_loop).run(serve())
    except KeyboardInterrupt:
        return exit_codes.DROPPED
    except Exception as error:
        logs.fault(logs.logger("consensus"), "fault", error)
        return exit_codes.FAULT
