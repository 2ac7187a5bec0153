"""What the figures depend on beside the tools: machine, kernel, versions."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from bench.dwcp.transfer import Tool
from bench.machine import processor


def describe(tools: Sequence[Tool], loads: tuple[float, float], emulator: str) -> list[str]:
    """Lines for the head of the page. `loads` is the load average at the start and at the end."""
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    control = Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    kind = (
        "netem" if emulator == "netem" else f"`{Path(emulator.split()[0]).name}`, as this kernel has no netem"
    )
    commands = {tool.version[0]: tool.version for tool in tools if tool.version}
    versions = {name: _version(command) for name, command in commands.items()}
    return [
        f"{today}, {processor()}, {os.cpu_count()} cores for both ends and the line, "
        f"{platform.system()} {platform.release()}, "
        f"load average {loads[0]:.1f} at the start and {loads[1]:.1f} at the end.",
        f"Line: {kind}. The kernel's own congestion control: {control}.",
        f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {metadata.version(name)}" for name in ("uvloop", "zstandard", "blake3"))
        + ", "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
        + ".",
    ]


def _version(command: Sequence[str]) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "not found here"
    said = result.stdout + result.stderr
    found = re.search(r"\d+(\.\d+)+\w*", said) or re.search(r"\d+", said)
    return found[0] if found else "?"
