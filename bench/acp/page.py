"""The page of all that was measured. Each part has a section of its own, with its goals and the facts of its
run, so that one part can be measured anew without the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bench.acp import goals
from bench.acp.goals import Cell
from bench.acp.load import KEYS, MOST_CONNECTIONS, VALUE_BYTES, Load, median
from bench.acp.timing import Timing
from bench.acp.timing import verdicts as of_timing
from bench.dwcp.table import markdown
from bench.verdict import listed

PUTS: Final = "Puts"
TIMING: Final = "Adaptive timing"
_PARTS: Final = (PUTS, TIMING)


def merged(old: str, name: str, section: str) -> str:
    """The page `old`, empty if there is none yet, with `section` as its part `name`; the other part stays."""
    parts = {**_sections(old), name: section.strip()}
    return "\n\n".join(
        [
            _INTRODUCTION,
            *(f"## {part}\n\n{parts[part]}" for part in _PARTS if part in parts),
            f"## How it was measured\n\n{_NOTES}\n",
        ]
    )


def puts(cells: Sequence[Cell], problems: Sequence[str], about: Sequence[str]) -> str:
    """The part with rates and latencies: a table for each line."""
    parts = ["\n".join(about), listed(goals.of_cells(cells), problems)]
    for rtt_ms in sorted({cell.rtt_ms for cell in cells}):
        parts += [
            f"### {goals.place(rtt_ms).capitalize() if not rtt_ms else goals.place(rtt_ms)}",
            markdown(_HEAD, [_row(cell) for cell in cells if cell.rtt_ms == rtt_ms]),
        ]
    return "\n\n".join(part for part in parts if part)


def adaptive(found: Timing | None, problems: Sequence[str], about: Sequence[str]) -> str:
    """The part about elections. `found`: None where nothing could be measured."""
    verdicts = of_timing(found) if found is not None else []
    parts = ["\n".join(about), listed(verdicts, problems), found.text if found is not None else ""]
    return "\n\n".join(part for part in parts if part)


def _sections(text: str) -> dict[str, str]:
    """What stands under each heading of the second level that names a part."""
    _, *pieces = re.split(r"^## ", text, flags=re.MULTILINE)
    found = {head.strip(): body.strip() for head, _, body in (piece.partition("\n") for piece in pieces)}
    return {name: found[name] for name in _PARTS if name in found}


_INTRODUCTION: Final = """\
# The consensus API beside etcd's own client

Made by `make bench-acp` on one machine; each part says when and how it was run."""

_HEAD: Final = (
    "members",
    "clients",
    "ours, puts/s",
    "etcd's, puts/s",
    "gateway, puts/s",
    "of etcd's",
    "of gateway",
    "ours p50",
    "p99",
    "etcd's p50",
    "p99",
    "gateway p50",
    "p99",
)


def _row(cell: Cell) -> list[str]:
    latencies = [median(loads) for loads in (cell.ours, cell.theirs, cell.gateway)]
    return [
        str(cell.size),
        str(cell.clients),
        *(_rates(loads) for loads in (cell.ours, cell.theirs, cell.gateway)),
        *(_share(share, cell.failed) for share in (cell.share, cell.share_of_gateway)),
        *(_milliseconds(figure) for each in latencies for figure in (each.p50, each.p99)),
    ]


def _share(share: float, failed: int) -> str:
    return f"{share:.0%}" if goals.reached(share, failed) else f"{share:.0%} LOST"


def _rates(loads: Sequence[Load]) -> str:
    rates = [each.rate for each in loads]
    text = f"{median(loads).rate:.0f}"
    return f"{text} ({min(rates):.0f}-{max(rates):.0f})" if len(rates) > 1 else text


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


_NOTES: Final = f"""\
- Each client has one put under way: a value of {VALUE_BYTES} bytes to one of {KEYS} keys. Rates are medians
  of all runs, with the extremes in brackets; all ways take turns on the same group, which keeps its data on
  a disk and waits for it.
- Ours: HTTP/1.1 with one connection for each client, to the agent's API in front of the leader, which passes
  on through etcd's JSON gateway. etcd's: its own `benchmark put`, gRPC straight to the leader over at most
  {MOST_CONNECTIONS} connections. Gateway: what sends ours, to the leader's JSON gateway without ours. The API
  has the agent's code and no agent around it: members are fixed.
- Over a line the leader, the clients and the API are at one end with one member less than a quorum, and the
  others at the other end, so that every commit waits for one round trip. Heartbeat and election timeout are
  those that the agents choose for such a line.
- Members, API, clients and the line share the machine's cores: with many members a put's cost is that of all
  of them."""
