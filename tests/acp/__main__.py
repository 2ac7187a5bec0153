"""`python -m tests.acp`: groups of real members under faults, and what the faults cost."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from tests.acp import (
    agents,
    disk_scenario,
    founding_scenario,
    loss_scenario,
    network,
    recovery_scenario,
    scale_scenario,
    storm_scenario,
    timing_scenario,
)
from tests.acp.site import MOST, Site
from tests.acp.trial import HEADING
from tests.e2e.machine import MissingToolError, look
from tests.e2e.processes import Interrupted, Supervisor
from tests.e2e.report import NotRunError, Report

SCENARIOS: dict[str, Any] = {
    **founding_scenario.SCENARIOS,
    **loss_scenario.SCENARIOS,
    **disk_scenario.SCENARIOS,
    **scale_scenario.SCENARIOS,
    **storm_scenario.SCENARIOS,
    **recovery_scenario.SCENARIOS,
    **timing_scenario.SCENARIOS,
}
LEFT_OUT = dict.fromkeys((*storm_scenario.SCENARIOS, *timing_scenario.SCENARIOS), "takes minutes")
"""What `--short` leaves out, and why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every scenario; exit 1 when one failed, 2 when nothing could be started."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.acp",
        description="Consensus members as processes, with faults under load.",
        epilog='example: python -m tests.acp --only "disk" --keep',
    )
    parser.add_argument("--only", action="append", metavar="WORDS", help="scenarios with these words")
    parser.add_argument("--short", action="store_true", help="leave out what is long")
    parser.add_argument("--seed", type=int, default=1, help="of the storm (default: 1)")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and histories")
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    options = parser.parse_args(arguments)
    chosen = [name for name in SCENARIOS if not options.only or any(word in name for word in options.only)]
    if options.list or not chosen:
        print("\n".join(SCENARIOS))
        return 0 if options.list else 2
    report = Report(say=lambda line: print(line, flush=True))
    try:
        machine = look("consensus")
    except MissingToolError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    report.real.update(machine.versions)
    if reason := network.why_not():
        for name in chosen:
            report.step(name, _not_run(reason))
        print(report.summary(), flush=True)
        return 0
    try:
        with (
            Supervisor(keep=options.keep) as supervisor,
            network.Network(MOST) as net,
            net.at_hub(),
            asyncio.Runner() as runner,
        ):
            print(f"logs: {supervisor.folder / 'logs'}", flush=True)
            left_out = LEFT_OUT if options.short else {}
            _run(runner, supervisor, net, report, chosen, left_out, options.seed)
    except (KeyboardInterrupt, Interrupted):
        print("interrupted; every process was stopped", file=sys.stderr)
        return 130
    return 1 if report.count("failed") else 0


def _run(
    runner: asyncio.Runner,
    supervisor: Supervisor,
    net: network.Network,
    report: Report,
    chosen: list[str],
    left_out: Mapping[str, str],
    seed: int,
) -> None:
    async def make() -> Site:
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        # It would send a PUT again by itself when its connection breaks. Where the member is gone by then,
        # that looks like a write that was never sent, though the first one may have taken effect.
        session._retry_connection = False
        return Site(network=net, supervisor=supervisor, launch=agents.launch, session=session, seed=seed)

    site = runner.run(make())
    try:
        for name in chosen:
            if name in left_out:
                report.step(name, _not_run(f"left out by --short: {left_out[name]}"))
            else:
                report.step(name, lambda name=name: runner.run(SCENARIOS[name](site)))
    finally:
        runner.run(site.clear())
        runner.run(site.session.close())
    print("\n".join((HEADING, *(one.line() for one in site.measured), "")), flush=True)
    print(report.summary(), flush=True)


def _not_run(reason: str) -> Any:
    def act() -> None:
        raise NotRunError(reason)

    return act


if __name__ == "__main__":
    sys.exit(main())
