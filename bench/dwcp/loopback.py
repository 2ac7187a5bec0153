"""No line at all: what both ends themselves can do, from memory to memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.dwcp import floor
from bench.dwcp.files import write_random
from bench.dwcp.floor import Floor
from bench.dwcp.line import LOOPBACK
from bench.dwcp.place import Place, say
from bench.dwcp.tools import dwcp
from bench.dwcp.tools.rsync import WHOLE as RSYNC
from bench.dwcp.tools.scp import SCP
from bench.dwcp.transfer import Outcome, Runs, Tool

TOOLS: Final = (dwcp.PLAIN, dwcp.TLS, SCP, RSYNC)
_LIMIT_S: Final = 120.0
_LOOKS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Loopback:
    """All tools with one file, and what its bytes cost before any tool: the least of three looks."""

    size: int
    floor: Floor
    runs: Sequence[Runs]


def measure(place: Place, *, size: int, runs: int) -> Loopback:
    """In turns."""
    say(f"loopback: {size / 1e6:.0f} MB")
    source = place.folder / "random"
    write_random(source, size)
    turns = [[_one(place, tool, source, size) for tool in TOOLS] for _ in range(runs)]
    parts = [floor.measure(source, place.folder / "floor", size=size) for _ in range(_LOOKS)]
    source.unlink()
    found = zip(TOOLS, zip(*turns, strict=True), strict=True)
    least = min(parts, key=lambda each: each.plain)
    return Loopback(
        size=size, floor=least, runs=[Runs(tool=tool.name, outcomes=outcomes) for tool, outcomes in found]
    )


def _one(place: Place, tool: Tool, source: Path, size: int) -> Outcome:
    """A virtual machine gets memory from its host when it first touches it, and gives it back when it lies
    idle: what the file at the receiver takes is fetched before the clock runs, for every tool alike."""
    fetched = place.folder / "fetched"
    write_random(fetched, size)
    fetched.unlink()
    return place.transfer(tool, source, LOOPBACK, limit_s=_LIMIT_S)
