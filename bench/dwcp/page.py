"""All that was measured, as one page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.dwcp import cells, goals, second_version
from bench.dwcp.encoder import Encoded
from bench.dwcp.floor import Floor
from bench.dwcp.goals import Verdict
from bench.dwcp.loopback import Loopback
from bench.dwcp.memory import Sized
from bench.dwcp.profiles import IMAGE, MATRIX, UNLIMITED
from bench.dwcp.raw import OTHERS, OTHERS_LIMIT, OnLine
from bench.dwcp.second_version import SecondVersion
from bench.dwcp.table import markdown
from bench.dwcp.tools import dwcp, iperf3
from bench.dwcp.tools.iperf3 import Flow
from bench.dwcp.transfer import Runs, Transfer
from bench.verdict import listed


@dataclass(frozen=True, kw_only=True)
class Results:
    """What a run of the benchmark found; a part that was not run is None or empty. `problems` say what was to
    be measured and could not be."""

    seconds: float
    emulator: Sequence[Flow] = ()
    lines: Sequence[OnLine] = ()
    ways: Sequence[SecondVersion] = ()
    problems: Sequence[str] = ()
    loopback: Loopback | None = None
    memory: Sequence[Sized] = ()
    encoder: Sequence[Encoded] = ()


def page(results: Results, about: Sequence[str]) -> str:
    """Markdown: goals first, then a section for each part."""
    return "\n\n".join(
        [
            "# Moving a disk between regions: dwcp beside other ways",
            f"Made by `make bench-dwcp`: one run on one machine{_without(results)}.",
            "\n".join(about),
            "## Goals",
            listed(verdicts(results), results.problems),
            *_raw(results),
            *_second_version(results),
            *_loopback(results),
            *_encoder(results),
            *_memory(results),
            "## How it was measured",
            _NOTES,
        ]
    )


def _without(results: Results) -> str:
    """What a whole run measures and this one did not, or not yet."""
    lines = len(results.lines)
    missing = [
        *([f"{len(MATRIX) - lines} of {len(MATRIX)} lines"] if lines < len(MATRIX) else []),
        *([] if results.ways else ["second versions of an image"]),
        *([] if results.loopback else ["loopback"]),
        *([] if results.encoder else ["the choice of levels"]),
        *([] if results.memory else ["memory"]),
    ]
    return f", of a part: {', '.join(missing)} are not in it" if missing else ""


def verdicts(results: Results) -> list[Verdict]:
    """Every goal of the parts that were run."""
    return [
        *goals.of_lines(results.lines),
        *(verdict for way in results.ways for verdict in goals.of_second_version(way)),
        *(goals.of_loopback(results.loopback) if results.loopback else ()),
        *goals.of_encoder(results.encoder),
        *(goals.of_memory(results.memory) if results.memory else ()),
    ]


def _raw(results: Results) -> Iterator[str]:
    if not results.lines:
        return
    yield "## Raw data over a line"
    yield (
        "Mbit/s of the file's content by wall time of the sending command (iperf3: by its receiver's clock, "
        f"without connecting), median of all runs. The file takes {results.seconds:g} s at the line's rate "
        "and doesn't compress. `share` is ours of the limit, the fastest of all iperf3 runs; in brackets by "
        "our own clock, without starting Python."
    )
    if results.emulator:
        own = ", ".join(f"-P {flow.streams} {cells.megabits(flow.rate)} Mbit/s" for flow in results.emulator)
        yield f"The emulator's own limit ({UNLIMITED}): iperf3 {own}."
    head = (
        "Mbit/s",
        "RTT",
        "loss",
        "iperf3 -P 1",
        "-P 8",
        "limit (streams)",
        "dwcp (TLS)",
        "most streams",
        "share",
        "goal",
    )
    yield markdown((*head, *(tool.name for tool in OTHERS)), [_line(on) for on in results.lines])
    yield markdown(
        ("tool", "runs", "CPU per GB, sender", "receiver", "peak memory, sender", "receiver"),
        [_cost(name, runs) for name, runs in _by_tool(results.lines).items()],
    )
    everything = [runs for on in results.lines for runs in (on.ours, *on.others)]
    yield from _reasons(everything, [on.flow_problem for on in results.lines if not on.flows])


def _line(on: OnLine) -> list[str]:
    share, own = goals.share(on), cells.own_clock(on.ours)
    best = on.best
    shares = "-" if share is None else f"{share:.0%}"
    if own is not None and best is not None:
        shares += f" ({own / best.rate:.0%})"
    return [
        f"{on.profile.rate_mbit:g}",
        f"{on.profile.rtt_ms:g} ms",
        f"{on.profile.loss:g}",
        *(_flow(on.flows, streams) for streams in (1, 8)),
        f"{cells.megabits(best.rate)} ({best.streams}, {best.congestion})" if best else "no iperf3",
        cells.rates(on.ours),
        cells.own(on.ours, "most_streams"),
        shares,
        f"{goals.share_asked(on.profile.loss):.0%}: {goals.of_line(on).word}",
        *(cells.rates(runs) for runs in on.others),
    ]


def _flow(flows: Sequence[Flow], streams: int) -> str:
    found = [f"{cells.megabits(flow.rate)} {flow.congestion}" for flow in flows if flow.streams == streams]
    return ", ".join(found) or "-"


def _by_tool(lines: Sequence[OnLine]) -> dict[str, list[Transfer]]:
    found: dict[str, list[Transfer]] = {}
    for on in lines:
        for runs in (on.ours, *on.others):
            found.setdefault(runs.tool, []).extend(runs.done)
    return found


def _cost(name: str, runs: Sequence[Transfer]) -> list[str]:
    return [
        name,
        str(len(runs)),
        *(cells.cpu_per_gigabyte(runs, end) for end in ("sender", "receiver")),
        *(cells.peak(runs, end) for end in ("sender", "receiver")),
    ]


def _second_version(results: Results) -> Iterator[str]:
    if not results.ways:
        return
    yield f"## The second version of an image ({IMAGE})"
    for way in results.ways:
        yield (
            f"**{way.title.capitalize()}**: an image of {way.size / 2**20:.0f} MiB, of which "
            f"{way.changed / 1e6:.0f} MB are not where they were in the first version."
        )
        head = ("tool", "runs", "on the line", "wall", "CPU, sender", "receiver", "peak, sender", "receiver")
        yield markdown(head, [_moved(runs) for runs in way.runs])
        ours = way.of(second_version.OURS[0])
        yield f"Blocks by codec, with the baseline: {cells.own(ours, 'blocks')}."
        yield from _reasons(way.runs)


def _moved(runs: Runs) -> list[str]:
    done = runs.done
    return [
        runs.tool,
        str(len(done)),
        cells.wire(runs),
        cells.walls(runs),
        *(cells.cpu(done, end) for end in ("sender", "receiver")),
        *(cells.peak(done, end) for end in ("sender", "receiver")),
    ]


def _loopback(results: Results) -> Iterator[str]:
    if results.loopback is None:
        return
    yield "## Loopback, no line"
    yield f"{results.loopback.size / 1e9:.2f} GB that don't compress, from memory to memory."
    head = (
        "tool",
        "runs",
        "GB/s",
        "wall",
        "CPU per GB, sender",
        "receiver",
        "peak memory, sender",
        "receiver",
    )
    rows = []
    for runs in results.loopback.runs:
        rate = goals.median_rate(runs)
        tool, count, *rest = _cost(runs.tool, runs.done)
        rows.append([tool, count, f"{rate / 1e9:.2f}" if rate else "-", cells.walls(runs), *rest])
    yield markdown(head, rows)
    yield _floor(results.loopback.floor)
    yield from _reasons(results.loopback.runs)


def _floor(found: Floor) -> str:
    return (
        "What no tool that verifies saves, in CPU seconds per GB, each step alone: reading "
        f"{found.read:.2f}, BLAKE3 at each end {found.digest:.2f}, the socket at both ends "
        f"{found.socket:.2f}, writing {found.write:.2f}: together {found.plain:.2f}, which "
        f"{found.cores} cores do at {found.bound(found.plain):.2f} GB/s at most. AES-256-GCM at both ends, "
        f"{found.seal_and_open:.2f} more, leaves {found.bound(found.tls):.2f} GB/s."
    )


def _encoder(results: Results) -> Iterator[str]:
    if not results.encoder:
        return
    yield "## The choice of levels beside sending raw"
    yield "dwcp (TLS), from memory to memory, in turns: as it is, and with `--level 0`. Text becomes a third."
    head = ("content", "over", "MB", "wall", "on the line", "last level", "wall, raw", "on the line, raw")
    rows = [
        [
            each.content,
            each.place,
            f"{each.size / 1e6:.0f}",
            cells.walls(each.chosen),
            cells.wire(each.chosen),
            cells.own(each.chosen, "level"),
            cells.walls(each.raw),
            cells.wire(each.raw),
        ]
        for each in results.encoder
    ]
    yield markdown(head, rows)
    yield from _reasons([runs for each in results.encoder for runs in (each.chosen, each.raw)])


def _memory(results: Results) -> Iterator[str]:
    if not results.memory:
        return
    yield "## Peak memory"
    rows = []
    for sized in results.memory:
        runs = Runs(tool=dwcp.TLS.name, outcomes=(sized.outcome,))
        rows.append(
            [
                f"{sized.size / 2**30:g} GiB",
                cells.walls(runs),
                cells.own(runs, "most_streams"),
                *(cells.peak(runs.done, end) for end in ("sender", "receiver")),
            ]
        )
    yield "dwcp (TLS) over loopback, from disk to disk."
    yield markdown(("file", "wall", "most streams", "sender", "receiver"), rows)
    yield from _reasons([Runs(tool=dwcp.TLS.name, outcomes=tuple(each.outcome for each in results.memory))])


def _reasons(runs: Sequence[Runs], more: Sequence[str | None] = ()) -> Iterator[str]:
    found = cells.reasons(runs) + [f"iperf3: {each}" for each in dict.fromkeys(more) if each]
    if found:
        yield "What went wrong:\n\n" + "\n".join(f"- {each}" for each in found)


_NOTES: Final = f"""\
- Every tool moves the same file from a folder at one end into an empty one at the other. What arrives is
  compared; a file that differs counts as a failure. Files lie in memory except for images and in the part on
  memory. dwcp has its file on stable storage before it ends; the others leave that to the kernel.
- Wall time is that of the sending command with all it starts. Where the file is made at the receiver from a
  store (casync, borg, restic), that belongs to it. CPU is user and system time of all processes of one end.
  Peak memory is the largest sum of resident memory of all processes of one end at one time, looked at every
  50 ms; pages that processes share count for each of them, and pages of mapped files count as well.
- A receiver of dwcp that goes on running reads a file once more after it is there, to know its pages for the
  next transfer. Here it is ended instead, so that this is in no figure.
- Bytes on the line are those of IP packets both ways, by the counters of the sender's device; a packet that
  the card cuts into several counts its headers once.
- iperf3 moves as many bytes as the others, over all of its streams together: 1 and 8 streams always, then
  twice and half of the best so far until both are worse (1 to 32), or until one comes to {iperf3.FULL:.0%}
  of what TCP can carry on the line. It uses the congestion control that ours told of, and the kernel's own
  choice as well where that is another.
- The queue in front of the line's rate holds 50 ms. The kernel is told not to remember what it learned of the
  other end by an earlier connection.
- Another tool is ended after {OTHERS_LIMIT:g} times what the line's rate takes, and its figure is a bound.
  "Not run" are others on lines for which the benchmark's time did not last (`--minutes`): lines that stand
  for their neighbours come first, then clean ones.
- The old version of an image lies at both ends beforehand. dwcp got it by a transfer before; casync, borg and
  restic have it in their stores at both ends; rsync finds it in its target's place. Tools that send all of it
  are run for one of the two ways only.
- A share of 100% and more means that iperf3, which starts slowly too, was slower in its own run.
- A goal is judged by medians; "no figure" says that something it needs was not measured."""
