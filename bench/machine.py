"""What the figures depend on beside the tools: machine, load, versions."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from charts_py.charts.node import node_executable


def describe(tools: Path, loads: tuple[float, float]) -> list[str]:
    """Lines for the head of the table. `loads` is the load average at the start and at the end."""
    versions = {
        "Python": platform.python_version(),
        "Node": _said([os.fspath(node_executable()), "--version"]),
        "cdk8s (ours)": metadata.version("cdk8s"),
        "helm": _said([os.fspath(tools / "helm"), "version", "--short"]),
        "kubectl": _said([os.fspath(tools / "kubectl"), "version", "--client"]).splitlines()[0],
    }
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    return [
        f"{today}, {processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"load average {loads[0]:.1f} at the start and {loads[1]:.1f} at the end.",
        ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
    ]


def load() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0]


def environment(checkout: Path) -> Mapping[str, str]:
    """For our own runs: this checkout's code, and bytecode kept, as Python does unless told otherwise."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": os.fspath(checkout)}


def processor() -> str:
    """The name of the CPU, or the architecture where it has none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _said(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
