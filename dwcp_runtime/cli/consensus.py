"""`dwcp-runtime consensus`: the agent of one member, and what people and backups ask of it."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from charts_py.contract import commands
from charts_py.contract.commands import RUNTIME
from dwcp_runtime.cli import runtime_exit_codes as exit_codes
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


def run(arguments: argparse.Namespace) -> int:
    """Run the agent to its end. Exit codes: see `runtime_exit_codes`."""
    # Not imported at the top: `--help` and the other roles need none of it.
    import uvloop

    from dwcp_runtime.consensus import options as agent_options
    from dwcp_runtime.consensus.agent import Agent, Outcome
    from dwcp_runtime.consensus.data_dir import DataDirError
    from dwcp_runtime.consensus.etcd_tools import ToolError
    from dwcp_runtime.consensus.etcd_version import EtcdVersionError
    from dwcp_runtime.consensus.lease_grant import ApiServer
    from dwcp_runtime.consensus.options import OptionError, Options
    from dwcp_runtime.network import logs
    from dwcp_runtime.transport.errors import DwcpError

    logs.configure(as_json={"json": True, "plain": False}.get(arguments.log))
    try:
        me, peers = agent_options.placed(name=arguments.name, peers=arguments.peers, environment=os.environ)
        options = Options(
            me=me,
            peers=peers,
            data=Path(arguments.data),
            tls=None if arguments.insecure else Path(arguments.tls),
            grant=Path(arguments.founding_grant) if arguments.founding_grant else None,
            namespace=os.environ.get(commands.POD_NAMESPACE_VARIABLE) if arguments.peers is None else None,
            api_server=ApiServer.of_pod(os.environ),
            tools=Path(arguments.tools) if arguments.tools else None,
            synced=not arguments.unsafe_no_fsync,
        )
        agent_options.check_insecure(options, forced=arguments.force_insecure)
    except OptionError as error:
        return fail(f"{RUNTIME} consensus: {error}")

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
