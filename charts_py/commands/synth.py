"""`novacron synth`: fleet files into the checked, published tree."""

from __future__ import annotations

import argparse
import datetime
import gc
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from charts_py.commands import exit_codes
from charts_py.synth.progress import PlainLines, Progress, Silent, TerminalLine
from charts_py.synth.request import Outcome, Request
from charts_py.synth.streams import answer, remark

HELP = "turn fleet/*.yaml into generated/ and argocd/, checked as a whole"
EXAMPLE = "novacron synth --check"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit 1 with the list if the published tree is not what the fleet says",
    )
    parser.add_argument("--no-cache", action="store_true", help="build everything anew")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.add_argument(
        "--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: this folder)"
    )


def run(arguments: argparse.Namespace) -> int:
    """0: done. 1: findings, or differences with --check. 2: bad input. 3: a tool is missing."""
    request = Request(
        root=arguments.root,
        today=datetime.datetime.now(tz=datetime.UTC).date(),
        check_only=arguments.check,
        use_cache=not arguments.no_cache,
    )
    # A run is short and what it makes holds no cycles to speak of: looking for them through tens of thousands
    # of objects takes a tenth of its time and frees 3 MB of 500. Python's end would look for them once more.
    gc.disable()
    try:
        return synth(request, as_json=arguments.json)
    finally:
        gc.freeze()
        gc.enable()


def synth(request: Request, *, as_json: bool) -> int:
    """Runs and reports; the exit code as of `run`."""
    progress = _progress(as_json)
    try:
        from charts_py.synth.run import run as run_synth

        outcome = run_synth(request, progress)
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise
        progress.end()
        _tell(error, as_json)
        return code
    finally:
        progress.end()
    answer(json.dumps(_data(outcome), indent=2) if as_json else _text(outcome, request))
    return exit_codes.DIFFERENT if outcome.findings or outcome.differences else exit_codes.OK


def _progress(as_json: bool) -> Progress:
    if as_json:
        return Silent()
    if sys.stderr.isatty():
        return TerminalLine(sys.stderr, shutil.get_terminal_size().columns)
    return PlainLines(sys.stderr)


def _code_of(error: Exception) -> int | None:
    """The exit code of an error that is the user's to mend; None for one of ours."""
    from charts_py.charts.node import NodeMissingError
    from charts_py.fleet.problem import FleetError
    from charts_py.resources.argocd import DeliveryError
    from charts_py.tree.schemas.kubeconform import KubeconformError
    from charts_py.tree.schemas.structural import SchemaError
    from charts_py.tree.tree_error import TreeError

    if isinstance(error, FleetError | TreeError | DeliveryError):
        return exit_codes.BAD_INPUT
    if isinstance(error, NodeMissingError | KubeconformError | SchemaError):
        return exit_codes.MISSING_TOOL
    return None


def _tell(error: Exception, as_json: bool) -> None:
    from charts_py.fleet.problem import FleetError

    if not as_json:
        remark(str(error))
    elif isinstance(error, FleetError):
        answer(json.dumps(error.to_json(), indent=2))
    else:
        answer(json.dumps({"error": str(error)}, indent=2))


def _data(outcome: Outcome) -> dict[str, Any]:
    findings = [{**asdict(finding), "object": str(finding.object)} for finding in outcome.findings]
    return {**asdict(outcome), "findings": findings}


def _text(outcome: Outcome, request: Request) -> str:
    lines = _findings_lines(outcome)
    lines += [f"{difference.kind}: {difference.path}" for difference in outcome.differences]
    lines += [f"kept, not ours: {path}" for path in outcome.foreign]
    lines.append(_summary(outcome, request))
    return "\n".join(lines)


def _findings_lines(outcome: Outcome) -> list[str]:
    if not outcome.findings:
        return []
    from charts_py.tree.finding_text import findings_text

    return [findings_text(outcome.findings)]


def _summary(outcome: Outcome, request: Request) -> str:
    if outcome.findings:
        return f"{_counted(len(outcome.findings), 'finding')}; nothing was published"
    if outcome.differences:
        return f"{_counted(len(outcome.differences), 'difference')} from what fleet/ says; run: make synth"
    changed = [
        f"{len(paths)} {word}"
        for word, paths in (
            ("created", outcome.created),
            ("updated", outcome.updated),
            ("deleted", outcome.deleted),
        )
        if paths
    ]
    what = ", ".join(changed) if changed else "nothing changed"
    verb = "checked" if request.check_only else "published"
    return f"{outcome.objects} files in {outcome.units} units {verb}: {what}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
