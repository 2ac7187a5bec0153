"""Whether choosing how to encode ever costs time beside sending everything raw, where the link is fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.dwcp import line as lines
from bench.dwcp.files import write_random, write_text
from bench.dwcp.line import LOOPBACK, Line
from bench.dwcp.place import Place, say
from bench.dwcp.profiles import Profile
from bench.dwcp.tools import dwcp
from bench.dwcp.transfer import Runs

FAST: Final = Profile(rate_mbit=1000, rtt_ms=10, loss=0)
"""The line beside loopback."""
TOOLS: Final = (dwcp.TLS, dwcp.RAW)
SIZES: Final = {"loopback": 512 << 20, "line": 256 << 20}
_LIMIT_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """One kind of content in one place: `chosen` and `raw` are the runs without and with `--level 0`."""

    place: str
    content: str
    size: int
    chosen: Runs
    raw: Runs


def measure(place: Place, wan: str | None, *, runs: int, shrink: int = 1) -> list[Encoded]:
    """Text and random bytes over loopback, and over a line when there is one, in turns; files are `shrink`
    times smaller."""
    found = _measure(place, LOOPBACK, "loopback", SIZES["loopback"] // shrink, runs)
    if wan:
        with lines.opened(FAST, wan) as line:
            found += _measure(place, line, str(FAST), SIZES["line"] // shrink, runs)
    return found


def _measure(place: Place, line: Line, title: str, size: int, runs: int) -> list[Encoded]:
    found = []
    for content, write in (("random", write_random), ("text", write_text)):
        say(f"encoder, {title}: {size / 1e6:.0f} MB of {content}")
        source = place.folder / content
        write(source, size)
        chosen, raw = _turns(place, source, line, runs)
        source.unlink()
        found.append(Encoded(place=title, content=content, size=size, chosen=chosen, raw=raw))
    return found


def _turns(place: Place, source: Path, line: Line, runs: int) -> Sequence[Runs]:
    turns = [[place.transfer(tool, source, line, limit_s=_LIMIT_S) for tool in TOOLS] for _ in range(runs)]
    return [
        Runs(tool=tool.name, outcomes=outcomes)
        for tool, outcomes in zip(TOOLS, zip(*turns, strict=True), strict=True)
    ]
