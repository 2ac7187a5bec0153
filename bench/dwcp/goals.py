"""What was asked for, and whether it was reached: figures in, verdicts out."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final

from bench.dwcp import second_version
from bench.dwcp.encoder import Encoded
from bench.dwcp.loopback import Loopback
from bench.dwcp.memory import Sized
from bench.dwcp.raw import OnLine
from bench.dwcp.second_version import SecondVersion
from bench.dwcp.tools import dwcp
from bench.dwcp.tools.scp import SCP
from bench.dwcp.transfer import Runs, Transfer
from bench.verdict import Verdict

SHARE: Final = 0.9
SHARE_AT_HIGH_LOSS: Final = 0.8
HIGH_LOSS: Final = 1e-3
"""Above it the lower share is asked for."""
BYTES: Final = 1.1
"""Times what `zstd --patch-from -3` sends."""
PLAIN_RATE: Final = 1e9
TLS_RATE_PER_CORE: Final = 0.6e9
MEMORY_GROWTH: Final = 1.1
"""Between the small and the large file; below it the same file twice can differ as much."""


NOISE: Final = 0.05
"""By how much two medians of the same command may differ on a machine that does nothing else."""


def share_asked(loss: float) -> float:
    """Of the best that iperf3 reaches."""
    return SHARE_AT_HIGH_LOSS if loss > HIGH_LOSS else SHARE


def median_rate(runs: Runs) -> float | None:
    """Bytes of the file per second of wall time; None without a run in which it arrived."""
    return statistics.median(run.rate for run in runs.done) if runs.done else None


def median_wall(runs: Runs) -> float | None:
    """Seconds; None without a run in which the file arrived."""
    return statistics.median(run.wall_s for run in runs.done) if runs.done else None


def median_wire(runs: Runs) -> float | None:
    """Bytes on the line; None where they weren't counted."""
    counted = [run.wire_bytes for run in runs.done if run.wire_bytes is not None]
    return statistics.median(counted) if counted else None


def share(on: OnLine) -> float | None:
    """Ours, by wall time, of the best flow of iperf3."""
    rate = median_rate(on.ours)
    return rate / on.best.rate if rate is not None and on.best is not None else None


def of_line(on: OnLine) -> Verdict:
    """One line's own goal. A transfer of ours that failed loses it; without iperf3 there is no figure."""
    asked = share_asked(on.profile.loss)
    reached = share(on)
    goal = f"raw data: at least {asked:.0%} of iperf3's best stream count ({on.profile})"
    if reached is None:
        lost = on.best is not None and _failed(on.ours)
        return Verdict(goal=goal, reached=False if lost else None, figures=on.ours.problem or "no iperf3")
    return Verdict(goal=goal, reached=reached >= asked, figures=f"{reached:.0%}")


def of_lines(measured: Sequence[OnLine]) -> list[Verdict]:
    """The goal for all lines with little loss, and that for all with much."""
    found = []
    for name, asked, chosen in (
        ("up to 1e-3", SHARE, [on for on in measured if on.profile.loss <= HIGH_LOSS]),
        ("of 1e-2", SHARE_AT_HIGH_LOSS, [on for on in measured if on.profile.loss > HIGH_LOSS]),
    ):
        if not chosen:
            continue
        verdicts = [(on, of_line(on)) for on in chosen]
        count = sum(verdict.reached is True for _, verdict in verdicts)
        lost = [f"{on.profile} ({v.figures})" for on, v in verdicts if not v.reached]
        found.append(
            Verdict(
                goal=f"raw data, loss {name}: at least {asked:.0%} of what iperf3 reaches with its best "
                "stream count, on every line",
                reached=_all([verdict.reached for _, verdict in verdicts]),
                figures=f"{count} of {len(chosen)} lines" + (f"; not on {'; '.join(lost)}" if lost else ""),
            )
        )
    return found


def of_second_version(way: SecondVersion) -> list[Verdict]:
    """Bytes against the yardstick, time against every tool; ours with the baseline named."""
    ours = way.of(second_version.OURS[0])
    bytes_ours, bytes_patch = median_wire(ours), median_wire(way.of(second_version.YARDSTICK))
    text = f"second version, {way.title}: at most {BYTES:g} times the bytes of zstd --patch-from -3"
    if bytes_ours is None or bytes_patch is None:
        of_bytes = Verdict(goal=text, reached=False if _failed(ours) else None, figures=ours.problem or "-")
    else:
        of_bytes = Verdict(
            goal=text,
            reached=bytes_ours <= BYTES * bytes_patch,
            figures=f"{bytes_ours / 1e6:.1f} MB, {bytes_ours / bytes_patch:.2f} times its "
            f"{bytes_patch / 1e6:.1f} MB",
        )
    others = [runs for runs in way.runs if runs.tool not in {tool.name for tool in second_version.OURS}]
    return [
        of_bytes,
        faster_than_all(f"second version, {way.title}: less wall time than every other tool", ours, others),
    ]


def faster_than_all(goal: str, ours: Runs, others: Sequence[Runs]) -> Verdict:
    """Against the fastest of the others. One that was ended at its limit is slower when ours took less."""
    wall = median_wall(ours)
    walls = {runs.tool: median_wall(runs) for runs in others}
    known = {tool: each for tool, each in walls.items() if each is not None}
    if wall is None or not known:
        return Verdict(goal=goal, reached=False if _failed(ours) else None, figures=ours.problem or "-")
    fastest = min(known, key=lambda tool: known[tool])
    unmeasured = [runs.tool for runs in others if runs.problem and not _slower(runs, wall)]
    figures = f"{wall:.2f} s; the fastest other, {fastest}, {known[fastest]:.2f} s"
    if unmeasured:
        figures += f"; no figure of {', '.join(unmeasured)}"
    beaten = wall < known[fastest]
    return Verdict(goal=goal, reached=None if beaten and unmeasured else beaten, figures=figures)


def of_loopback(found: Loopback) -> list[Verdict]:
    """Plain, TLS per core, and scp."""
    runs = {each.tool: each for each in found.runs}
    plain, tls, scp = (runs[tool.name] for tool in (dwcp.PLAIN, dwcp.TLS, SCP))
    rate = median_rate(plain)
    cores = per_core(tls)
    return [
        Verdict(
            goal="loopback, plain: at least 1 GB/s",
            reached=None if rate is None and not _failed(plain) else (rate or 0) >= PLAIN_RATE,
            figures=_gigabytes(rate) or plain.problem or "-",
        ),
        Verdict(
            goal="loopback, TLS: at least 0.6 GB/s per core: for each second of CPU of the busier end",
            reached=None if cores is None and not _failed(tls) else (cores or 0) >= TLS_RATE_PER_CORE,
            figures=f"{_gigabytes(cores)}; {_gigabytes(median_rate(tls))} of wall time"
            if cores is not None
            else tls.problem or "-",
        ),
        *(
            faster_than_all(f"loopback, {name}: never slower than scp", each, [scp])
            for name, each in (("plain", plain), ("TLS", tls))
        ),
    ]


def of_encoder(found: Sequence[Encoded]) -> list[Verdict]:
    """Choosing beside sending raw: no slower, beyond what the same command differs from run to run."""
    verdicts = []
    for each in found:
        chosen, raw = median_wall(each.chosen), median_wall(each.raw)
        verdicts.append(
            Verdict(
                goal=f"{each.content}, {each.place}: the choice of levels never slower than raw "
                f"(within {NOISE:.0%})",
                reached=None if chosen is None or raw is None else chosen <= raw * (1 + NOISE),
                figures=f"{chosen:.2f} s; raw {raw:.2f} s"
                if chosen is not None and raw is not None
                else each.chosen.problem or each.raw.problem or "-",
            )
        )
    return verdicts


def per_core(runs: Runs) -> float | None:
    """Bytes of the file for each second of CPU time of the end that took more of it."""
    rates = [run.size / max(run.sender.cpu_s, run.receiver.cpu_s, 1e-9) for run in runs.done]
    return statistics.median(rates) if rates else None


def of_memory(found: Sequence[Sized]) -> list[Verdict]:
    """Each end, the largest file beside the smallest."""
    verdicts = []
    for end in ("sender", "receiver"):
        goal = f"memory of the {end}: alike for the smallest and the largest file"
        small, large = _peak(found[0], end), _peak(found[-1], end)
        if small is None or large is None:
            verdicts.append(Verdict(goal=goal, reached=False, figures="a transfer failed"))
            continue
        sizes = f"{found[0].size / 2**30:g} and {found[-1].size / 2**30:g} GiB"
        figures = f"{small / 1e6:.0f} and {large / 1e6:.0f} MB for {sizes}"
        verdicts.append(Verdict(goal=goal, reached=large <= small * MEMORY_GROWTH, figures=figures))
    return verdicts


def _peak(sized: Sized, end: str) -> int | None:
    if not isinstance(sized.outcome, Transfer) or sized.outcome.cut:
        return None
    return (sized.outcome.sender if end == "sender" else sized.outcome.receiver).peak_bytes


def _slower(runs: Runs, wall: float) -> bool:
    cut = [each for each in runs.outcomes if isinstance(each, Transfer) and each.cut]
    return bool(cut) and all(each.wall_s >= wall for each in cut)


def _failed(runs: Runs) -> bool:
    """Whether it was there and did not do it."""
    return bool(runs.outcomes) and not runs.done


def _all(reached: Sequence[bool | None]) -> bool | None:
    if False in reached:
        return False
    return None if None in reached else True


def _gigabytes(rate: float | None) -> str:
    return f"{rate / 1e9:.2f} GB/s" if rate is not None else ""
