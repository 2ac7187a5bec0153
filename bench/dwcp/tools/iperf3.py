"""iperf3: what TCP alone carries, with any number of streams."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.dwcp.line import Line
from bench.dwcp.transfer import WATCH_INTERVAL_S, start_server
from bench.measure import CommandError, Started

COUNTS: Final = (1, 2, 4, 8, 16, 32)
"""Streams that are tried."""
ALWAYS: Final = (1, 8)
"""What is asked for by name."""
FULL: Final = 0.95
"""From this share of what the line can carry on no further number of streams is tried: what is left goes to
slow start, which all have."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """`rate` in bytes per second, as the receiving iperf3 counted them; without connecting."""

    streams: int
    rate: float
    congestion: str
    retransmits: int


def next_count(tried: Mapping[int, float], *, full: float) -> int | None:
    """Which number of streams to try after those with their rates: first what is always tried, then the
    neighbours of the best until both of them are worse, or until one comes to the rate `full`."""
    for count in ALWAYS:
        if count not in tried:
            return count
    best = max(tried, key=lambda count: tried[count])
    if tried[best] >= full:
        return None
    position = COUNTS.index(best)
    neighbours = (*COUNTS[position + 1 : position + 2], *COUNTS[max(0, position - 1) : position])
    return next((count for count in neighbours if count not in tried), None)


class Iperf3Error(RuntimeError):
    """It gave no figures."""


def measure(
    line: Line, port: int, folder: Path, *, size: int, streams: int, congestion: str | None, limit_s: float
) -> Flow:
    """`size` bytes over all streams together; `congestion` None: the kernel's own choice. What the limit ends
    has no figures: Iperf3Error."""
    server = [*line.b.prefix, "iperf3", "-s", "-1", "-p", str(port), "--forceflush"]
    client = [*line.a.prefix, "iperf3", "-J", "-c", line.b.address, "-p", str(port)]
    client += ["-n", str(size), "-P", str(streams), *(("-C", congestion) if congestion else ())]
    output = folder / "iperf3"
    with start_server(server, folder / "iperf3-server", None) as serving:
        try:
            with Started(client, output=output, interval_s=WATCH_INTERVAL_S) as running:
                cut = running.wait(limit_s).cut
        except CommandError as error:
            raise Iperf3Error(_problem(output.read_text()) or str(error).splitlines()[0]) from error
        serving.stop(1.0)
    if cut:
        raise Iperf3Error(f"more than {limit_s:.0f} s, then ended")
    return parse(output.read_text(), streams)


def parse(text: str, streams: int) -> Flow:
    """From what `iperf3 -J` wrote. Raises Iperf3Error."""
    try:
        end = json.loads(text)["end"]
        return Flow(
            streams=streams,
            rate=end["sum_received"]["bits_per_second"] / 8,
            congestion=end.get("sender_tcp_congestion", "?"),
            retransmits=end["sum_sent"].get("retransmits", 0),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Iperf3Error(_problem(text) or f"unexpected output: {error}") from error


def _problem(text: str) -> str | None:
    try:
        found = json.loads(text).get("error")
    except (ValueError, AttributeError):
        return None
    return str(found) if found else None
