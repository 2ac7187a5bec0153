"""A transfer's progress in one line: a bar for terminals, a plain line for logs. Pure."""

from __future__ import annotations

from typing import Final

from dwcp_runtime.cli.quantities import duration, size
from dwcp_runtime.transport.progress import Progress, State

_NARROWEST_BAR: Final = 8


def bar(progress: Progress, *, width: int) -> str:
    """The line for a terminal of `width` columns, never longer."""
    share = progress.durable / progress.size if progress.size else float(progress.state is State.DONE)
    facts = _facts(progress, share)
    room = width - len(facts) - 4
    if room < _NARROWEST_BAR:
        return facts[:width]
    full = int(room * share)
    return f"[{'=' * full}{' ' * (room - full)}]  {facts}"


def line(progress: Progress) -> str:
    """The line for a log."""
    share = progress.durable / progress.size if progress.size else float(progress.state is State.DONE)
    return f"{progress.name}: {_facts(progress, share)}"


def _facts(progress: Progress, share: float) -> str:
    facts = [f"{share:4.0%} of {size(progress.size)}", f"{size(progress.rate)}/s"]
    if progress.state is State.CONNECTING:
        facts.append(f"connecting: {progress.error}" if progress.error else "connecting")
    else:
        facts.append(f"{progress.streams} stream{'' if progress.streams == 1 else 's'}")
    if progress.wire:
        facts.append(f"ratio {progress.ratio:.1f}")
    if progress.limit is not None:
        facts.append(f"limit: {progress.limit}")
    if progress.rate and progress.durable < progress.size:
        facts.append(f"{duration((progress.size - progress.durable) / progress.rate)} left")
    return "  ".join(facts)


def summary(progress: Progress) -> str:
    """What to say when it is over."""
    if progress.state is State.DONE:
        resumed = f", {size(progress.resumed)} of it from before" if progress.resumed else ""
        return (
            f"{progress.name}: {size(progress.size)}{resumed} in {duration(progress.elapsed)}, "
            f"{size(progress.wire)} sent, whole and verified"
        )
    if progress.state is State.CANCELLED and progress.error is None:
        return (
            f"{progress.name}: interrupted, the receiver has {size(progress.durable)} of "
            f"{size(progress.size)}; the same command goes on from there"
        )
    return f"{progress.name}: {progress.state}: {progress.error or ''}".rstrip(": ")
