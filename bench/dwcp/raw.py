"""Data that doesn't compress, over every line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.dwcp import line as lines
from bench.dwcp.files import write_random
from bench.dwcp.line import Line
from bench.dwcp.place import Place, free_port, say
from bench.dwcp.profiles import UNLIMITED, Profile
from bench.dwcp.tools import dwcp, iperf3
from bench.dwcp.tools.iperf3 import Flow, Iperf3Error
from bench.dwcp.tools.rclone import RCLONE
from bench.dwcp.tools.rsync import WHOLE as RSYNC
from bench.dwcp.tools.scp import SCP
from bench.dwcp.tools.zstd_ssh import WHOLE as ZSTD_SSH
from bench.dwcp.transfer import Nothing, Outcome, Runs, Tool, Transfer

OTHERS: Final = (SCP, RSYNC, RCLONE, ZSTD_SSH)
OTHERS_LIMIT: Final = 2.5
"""Others are ended after this many times what the line's rate takes for the file."""
_OWN_LIMIT: Final = 5.0
_START_S: Final = 5.0
_NO_TIME: Final = "not run: no time left"


@dataclass(frozen=True, kw_only=True)
class OnLine:
    """All that was measured on one line. `flows` are those of iperf3 that gave a figure, `flow_problem` is
    what the first of the others said."""

    profile: Profile
    size: int
    ours: Runs
    others: Sequence[Runs]
    flows: Sequence[Flow]
    flow_problem: str | None = None

    @property
    def best(self) -> Flow | None:
        """The fastest flow: the limit."""
        return max(self.flows, key=lambda flow: flow.rate, default=None)


def measure(place: Place, profile: Profile, wan: str, *, seconds: float, runs: int, others: bool) -> OnLine:
    """One line, its tools in turns: ours, iperf3, the others, ours again."""
    size = profile.size(seconds)
    say(f"{profile}: {size / 1e6:.0f} MB")
    source = place.folder / "random"
    write_random(source, size)
    limit = seconds * _OWN_LIMIT + _START_S
    with lines.opened(profile, wan) as line:

        def ours() -> Outcome:
            return place.transfer(dwcp.TLS, source, line, limit_s=limit)

        own = [ours()]
        flows, problem = _flows(place, line, profile, size, _congestion(own[0]), limit)
        measured = [
            Runs(
                tool=tool.name,
                outcomes=(
                    _other(place, tool, source, line, seconds) if others else Nothing(reason=_NO_TIME),
                ),
            )
            for tool in OTHERS
        ]
        own += [ours() for _ in range(runs - 1)]
    source.unlink()
    return OnLine(
        profile=profile,
        size=size,
        ours=Runs(tool=dwcp.TLS.name, outcomes=tuple(own)),
        others=measured,
        flows=flows,
        flow_problem=problem,
    )


def emulator_limit(place: Place, wan: str) -> list[Flow]:
    """What the line carries without a rate limit and without loss, by one stream and by eight."""
    say("the emulator itself")
    with lines.opened(UNLIMITED, wan) as line:
        flows: list[Flow] = []
        for streams in (1, 8):
            flows += _flow(place, line, size=2 << 30, streams=streams, congestion=None, limit_s=30.0)[0]
        return flows


def _other(place: Place, tool: Tool, source: Path, line: Line, seconds: float) -> Outcome:
    return place.transfer(tool, source, line, limit_s=seconds * OTHERS_LIMIT)


def _flows(
    place: Place, line: Line, profile: Profile, size: int, congestion: str | None, limit: float
) -> tuple[list[Flow], str | None]:
    """With our congestion control, and with the kernel's own choice where that is another."""
    found: list[Flow] = []
    problems: list[str] = []
    for control in dict.fromkeys((congestion, None)):
        if control is None and any(flow.congestion == _kernels_choice() for flow in found):
            continue
        tried: dict[int, float] = {}
        full = iperf3.FULL * profile.payload_mbit * 1e6 / 8
        while (streams := iperf3.next_count(tried, full=full)) is not None:
            flows, problem = _flow(place, line, size=size, streams=streams, congestion=control, limit_s=limit)
            found += flows
            tried[streams] = flows[0].rate if flows else 0.0
            problems += [problem] if problem else []
    return found, problems[0] if problems else None


def _flow(
    place: Place, line: Line, *, size: int, streams: int, congestion: str | None, limit_s: float
) -> tuple[list[Flow], str | None]:
    try:
        flow = iperf3.measure(
            line,
            free_port(),
            place.folder,
            size=size,
            streams=streams,
            congestion=congestion,
            limit_s=limit_s,
        )
    except (Iperf3Error, OSError, TimeoutError) as error:
        say(f"  iperf3 -P {streams}: {error}")
        return [], str(error)
    say(f"  iperf3 -P {streams}, {flow.congestion}: {flow.rate * 8 / 1e6:.0f} Mbit/s")
    return [flow], None


def _congestion(outcome: Outcome) -> str | None:
    """What ours said that it had; else BBR where the kernel has it, which is what ours asks for."""
    told = dwcp.told(outcome.said).get("congestion") if isinstance(outcome, Transfer) else None
    if isinstance(told, str) and told:
        return told
    available = Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().split()
    return "bbr" if "bbr" in available else None


def _kernels_choice() -> str:
    return Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
