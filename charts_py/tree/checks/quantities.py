"""Kubernetes quantities as numbers."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

SUFFIXES: Final = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{suffix: Fraction(1000**power) for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Fraction(1024**power) for power, suffix in enumerate("KMGTPE", start=1)},
}
PATTERN: Final = re.compile(
    r"([+-]?\d{1,30}(?:\.\d{0,30})?|[+-]?\.\d{1,30})(?:([eE][+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)"
)


def parse(value: object) -> Fraction | None:
    """The exact number that a quantity such as `500m`, `16Gi`, `2` or `1e3` means; None if it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Fraction(value)
    if isinstance(value, float):
        return Fraction(str(value)) if value == value and abs(value) != float("inf") else None
    found = PATTERN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    number = Fraction(found[1] + (found[2] or ""))
    return number * SUFFIXES[found[3] or ""]
