"""`dwcp-runtime consensus recover`: a plan first, and its execution only when it is asked for."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from charts_py.contract.commands import RUNTIME
from dwcp_runtime.cli import consensus_exit_codes as exit_codes
from dwcp_runtime.cli.consensus_options import BadOptionsError, read_options
from dwcp_runtime.cli.say import fail

_ME = f"{RUNTIME} consensus recover"


def run(arguments: argparse.Namespace) -> int:
    """Plan, or hand a plan to the agent."""
    from dwcp_runtime.consensus.data_dir import DataDir, DataDirError, write_synced
    from dwcp_runtime.consensus.etcd_tools import ToolError
    from dwcp_runtime.consensus.etcd_version import EtcdVersionError
    from dwcp_runtime.transport.errors import DwcpError

    try:
        options = read_options(arguments)
        data = DataDir(options.data)
        if arguments.execute is not None:
            return _hand_over(Path(arguments.execute), data, options.me.name, as_json=arguments.json)
        found, problems = asyncio.run(_plan(options, data, [Path(each) for each in arguments.snapshot]))
        if arguments.save is not None and found.get("source") is not None:
            write_synced(Path(arguments.save), json.dumps(found, indent=1).encode())
    except BadOptionsError as error:
        return fail(str(error))
    except (DataDirError, ToolError, EtcdVersionError, OSError) as error:
        return fail(f"{_ME}: {error}")
    except DwcpError as error:
        return fail(f"{_ME}: {error.message}")
    for problem in problems:
        fail(f"{_ME}: {problem}")
    if found.get("source") is None:
        if arguments.json:
            print(json.dumps(found, indent=2))
        return fail(f"{_ME}: no plan: {found['why']}", exit_codes.REFUSED)
    print(json.dumps(found, indent=2) if arguments.json else "\n".join(_lines(found, arguments.save)))
    return exit_codes.OK


async def _plan(options: Any, data: Any, snapshots: list[Path]) -> tuple[dict[str, Any], tuple[str, ...]]:
    from dwcp_runtime.consensus import etcd_tools, recovery, recovery_plan_file, survivors
    from dwcp_runtime.consensus.gateway import no_tls
    from dwcp_runtime.transport import tls_context

    tools = etcd_tools.find(options.tools)
    client = tls_context.load(options.tls).client if options.tls is not None else None
    contexts = no_tls if client is None else lambda: client
    left = await survivors.look(options, data, etcdutl=tools.etcdutl, contexts=contexts, snapshots=snapshots)
    made = recovery.plan(
        voters=left.voters, learners=left.learners, leader=left.leader, survivors=left.survivors
    )
    if isinstance(made, recovery.NoRecovery):
        return {"source": None, "why": made.why}, left.problems
    return recovery_plan_file.as_json(made), left.problems


def _lines(plan: dict[str, Any], saved: str | None) -> list[str]:
    source = plan["source"]
    index = "" if source["raft_index"] is None else f", log up to index {source['raft_index']}"
    return [
        f"source: {source['kind']} of {source['name']}, revision {source['revision']}{index}",
        f"        {source['path']}",
        f"may lose: {plan['may_lose']}",
        f"fenced: {', '.join(plan['fenced']) or 'nobody'}",
        f"epoch: {plan['epoch']}",
        "steps:",
        *(f"  {number}. {step}" for number, step in enumerate(plan["steps"], 1)),
        f"nothing was changed; to carry it out on {source['name']}: --execute {saved or 'FILE (see --save)'}",
    ]


def _hand_over(path: Path, data: Any, name: str, *, as_json: bool) -> int:
    from dwcp_runtime.consensus import recover, recovery_plan_file
    from dwcp_runtime.consensus.data_dir import write_synced

    try:
        document = path.read_bytes()
        plan = recovery_plan_file.parse(document)
    except OSError as error:
        return fail(f"{_ME}: {path} cannot be read: {error.strerror}")
    except recovery_plan_file.BadPlanError as error:
        return fail(f"{_ME}: {path}: {error}")
    if plan.source.kind == "data-dir" and plan.source.name != name:
        return fail(f"{_ME}: the plan's source is on {plan.source.name}: run it there", exit_codes.REFUSED)
    if plan.source.kind == "snapshot" and not Path(plan.source.path).is_file():
        return fail(f"{_ME}: {plan.source.path} is not here: run it where it is", exit_codes.REFUSED)
    write_synced(data.root / recover.ORDER, document)
    told = f"{name} carries the plan out now, or as soon as its agent is started"
    print(json.dumps({"ordered": str(data.root / recover.ORDER), "epoch": plan.epoch}) if as_json else told)
    return exit_codes.OK
