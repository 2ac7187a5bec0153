"""Puts at a concurrency through one way to a group: commands in, rates and latencies out."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.dwcp.line import End

VALUE_BYTES: Final = 256
KEYS: Final = 10_000
KEY_BYTES: Final = 32

MOST_CONNECTIONS: Final = 16
"""Of etcd's benchmark: more clients share them, as etcd's own figures do it."""

_GRACE_S: Final = 60.0


class LoadError(RuntimeError):
    """A load that gave no figures."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one run gave: puts per second, and the latency that half and 99 % of them stayed below, in
    seconds. `failed` counts puts that were not answered with success."""

    puts: int
    rate: float
    p50: float
    p99: float
    failed: int = 0


def http(tools: Path, end: End, address: str, *, clients: int, seconds: float, kind: str = "keys") -> Load:
    """Through our API (`keys`), or etcd's JSON gateway (`gateway`). Raises LoadError."""
    words = ["-address", address, "-kind", kind, "-clients", str(clients), "-seconds", f"{seconds:g}"]
    words += ["-size", str(VALUE_BYTES), "-keys", str(KEYS)]
    return parse_http(_said([*end.prefix, str(tools / "http-load"), *words], seconds))


def benchmark(tools: Path, end: End, address: str, *, clients: int, total: int, seconds: float) -> Load:
    """By etcd's own client, as many puts as are asked for. `seconds`: about what they take. LoadError."""
    words = ["put", "--precise", "--endpoints", address, "--clients", str(clients)]
    words += ["--conns", str(min(clients, MOST_CONNECTIONS)), "--total", str(total)]
    words += ["--key-size", str(KEY_BYTES), "--val-size", str(VALUE_BYTES), "--key-space-size", str(KEYS)]
    return parse_benchmark(_said([*end.prefix, str(tools / "etcd-benchmark"), *words], seconds), total)


def parse_http(text: str) -> Load:
    """What http-load says. Raises LoadError where nothing was put."""
    fields = json.loads(text)
    if not fields["puts"]:
        raise LoadError(f"not one put succeeded: {fields['failures']}")
    return Load(
        puts=fields["puts"],
        rate=fields["puts"] / fields["seconds"],
        p50=fields["p50_s"],
        p99=fields["p99_s"],
        failed=sum(fields["failures"].values()),
    )


def parse_benchmark(text: str, total: int) -> Load:
    """What etcd's benchmark says."""
    number = r"([0-9.]+(?:e[-+]?[0-9]+)?)"
    rate = re.search(rf"Requests/sec:\s+{number}", text)
    quantiles = {
        share: re.search(rf"^\s*{share}(?:\.0+)?% in {number} secs", text, re.MULTILINE) for share in (50, 99)
    }
    # Of fewer than a hundred it gives no 99 %; that is the slowest then.
    half, most = quantiles[50], quantiles[99] or re.search(rf"Slowest:\s+{number}", text)
    if rate is None or half is None or most is None:
        raise LoadError(f"etcd-benchmark gave no figures: {text[-300:].strip()}")
    counts = re.findall(r"^\s*\[(\d+)\]\s+rpc error", text, re.MULTILINE)
    failed = sum(int(count) for count in counts)
    return Load(
        puts=total - failed, rate=float(rate[1]), p50=float(half[1]), p99=float(most[1]), failed=failed
    )


def median(loads: Sequence[Load]) -> Load:
    """Each figure's median over the runs; failures add up."""
    return Load(
        puts=round(statistics.median(each.puts for each in loads)),
        rate=statistics.median(each.rate for each in loads),
        p50=statistics.median(each.p50 for each in loads),
        p99=statistics.median(each.p99 for each in loads),
        failed=sum(each.failed for each in loads),
    )


def _said(command: list[str], seconds: float) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=seconds * 5 + _GRACE_S
        )
    except subprocess.TimeoutExpired:
        raise LoadError(f"{command[0]} did not end in time") from None
    if done.returncode:
        raise LoadError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
