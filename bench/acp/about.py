"""When, where and by which command a part was measured."""

from __future__ import annotations

import datetime
import os
import platform
import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from bench import machine


@dataclass(frozen=True, kw_only=True)
class About:
    """Made when a part begins. `words`: the options of the command; `wan`: what stands for the line, empty
    where there is none."""

    tools: Path
    words: Sequence[str]
    wan: str
    load: float = field(default_factory=machine.load)
    begun: float = field(default_factory=time.monotonic)

    def lines(self) -> list[str]:
        """For a page, as of now."""
        today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
        said = subprocess.run([self.tools / "etcd", "--version"], capture_output=True, text=True, check=True)
        minutes = (time.monotonic() - self.begun) / 60
        return [
            f"{today}, {command(self.words)}, {minutes:.0f} minutes. {machine.processor()}, {os.cpu_count()} "
            f"cores for members, API, clients and line, {platform.system()} {platform.release()}, load "
            f"average {self.load:.1f} at the start and {machine.load():.1f} at the end.",
            f"{said.stdout.splitlines()[0]}, Python {platform.python_version()}, aiohttp "
            f"{metadata.version('aiohttp')}, uvloop {metadata.version('uvloop')}. Line: {_kind(self.wan)}.",
        ]


def command(words: Sequence[str]) -> str:
    """What somebody else gives to measure the same. Where the page goes and what stands for a line depend on
    the machine and are left out."""
    kept = []
    rest = iter(words)
    for word in rest:
        if word == "--wan":
            next(rest, None)
        elif word != "--write" and not word.startswith("--wan="):
            kept.append(word)
    options = f" BENCH_OPTIONS='{shlex.join(kept)}'" if kept else ""
    return f"`make bench-acp{options}`"


def _kind(wan: str) -> str:
    return {"": "none", "netem": "netem"}.get(
        wan
    ) or f"`{Path(wan.split()[0]).name}`, as this kernel has no netem"
