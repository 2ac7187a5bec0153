"""Sizes, rates and times as people read and write them."""

from __future__ import annotations

import re
from typing import Final

_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)([kMG]?)(?:bit/s|bit|bps)?")
_FACTOR: Final = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}
LOWEST_RATE: Final = 1_000_000


def rate(text: str) -> int:
    """Bits per second from `200M`, `1.5Gbit/s` or plain digits; ValueError otherwise, and below 1 Mbit/s."""
    found = _RATE.fullmatch(text.strip())
    bits = int(float(found[1]) * _FACTOR[found[2]]) if found else 0
    if bits < LOWEST_RATE:
        raise ValueError(f"{text!r} is no rate; allowed: bits per second such as 200M or 1.5G, at least 1M")
    return bits


def size(count: float) -> str:
    """Bytes with a binary unit and three digits, more only where no larger unit is in use."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.0f} TiB" if count >= 100 else f"{count:.3g} TiB"


def duration(seconds: float) -> str:
    """`42 s`, `3:05` or `2:03:04`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
