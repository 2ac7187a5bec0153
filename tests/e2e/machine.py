"""What this machine brings to a run: the built tools, and a Go for fetching definitions."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

CHECKOUT = Path(__file__).resolve().parents[2]
BINARIES = CHECKOUT / ".novacron" / "bin"


class MissingToolError(Exception):
    """A tool is not built; the message says how to build it."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Built tools and their versions.

    Attributes:
        binaries: Folder of the executables.
        go: A Go, or None.
        versions: Tool -> version, as pinned.
    """

    binaries: Path
    go: Path | None
    versions: dict[str, str]


def look(group: str) -> Machine:
    """Check that every tool of a group of `tools/build.py` is built."""
    build = _builder()
    tools = build.wanted([group])
    missing = [tool.name for tool in tools if not (BINARIES / tool.name).exists()]
    if missing:
        raise MissingToolError(f"not built: {', '.join(missing)}; run `python tools/build.py {group}`")
    versions = {
        tool.name: build.pinned_version((build.TOOLS / tool.module / "go.mod").read_text(), tool.pinned)
        for tool in tools
    }
    go = next(iter(build.go_candidates()), None)
    return Machine(binaries=BINARIES, go=go, versions=versions)


def _builder() -> ModuleType:
    # tools/ is no package: build.py runs before anything is installed.
    spec = importlib.util.spec_from_file_location("novacron_build", CHECKOUT / "tools" / "build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
