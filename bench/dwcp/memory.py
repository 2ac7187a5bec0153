"""Whether memory grows with the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.dwcp.files import bytes_to_disk, write_random
from bench.dwcp.line import LOOPBACK
from bench.dwcp.place import Place, say
from bench.dwcp.tools import dwcp
from bench.dwcp.transfer import Outcome

SIZES: Final = (1 << 30, 8 << 30)
_LIMIT_S: Final = 300.0


@dataclass(frozen=True, kw_only=True)
class Sized:
    """One file of one size."""

    size: int
    outcome: Outcome


def measure(place: Place, sizes: Sequence[int]) -> list[Sized]:
    """Over loopback with TLS, from disk to disk: memory is not to hold the file by another name."""
    found = []
    for size in sizes:
        say(f"memory: {size / 1e6:.0f} MB")
        source = place.disk / "random"
        write_random(source, size)
        bytes_to_disk(source)
        outcome = place.transfer(dwcp.TLS, source, LOOPBACK, limit_s=_LIMIT_S, on_disk=True)
        source.unlink()
        found.append(Sized(size=size, outcome=outcome))
    return found
