"""Kubernetes quantities: exact arithmetic, and the spelling that the API server stores.

A manifest that spells a quantity otherwise is stored differently from what Git says, which a deployer may
show as a difference for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from charts_py.contract.patterns import QUANTITY

_PARTS = re.compile(r"([0-9]+(?:\.[0-9]+)?)([a-zA-Z]*)")
_NANO = 10**9
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}


@dataclass(frozen=True, kw_only=True, order=True)
class Quantity:
    """An exact amount. `binary` is the family of suffixes it was written in and is printed in."""

    nano: int
    binary: bool

    def times(self, factor: int | Fraction) -> Quantity:
        """`factor` times this amount, rounded up to a nano."""
        return Quantity(nano=_ceil(self.nano * Fraction(factor)), binary=self.binary)

    def rounded_up(self) -> Quantity:
        """The next amount that people read easily: whole MiB for bytes above one, else whole units."""
        step = 1024**2 * _NANO if self.binary and self.nano > 1024**2 * _NANO else _NANO
        return Quantity(nano=-(-self.nano // step) * step, binary=self.binary)

    def __str__(self) -> str:
        """The canonical spelling: the largest suffix that leaves an integer."""
        if self.binary and self.nano >= 1024 * _NANO and self.nano % _NANO == 0:
            return _largest(self.nano // _NANO, 1024, ("", *_BINARY))
        return _largest(self.nano, 1000, ("n", "u", "m", *_DECIMAL))


@lru_cache(maxsize=4096)
def parse(text: str) -> Quantity:
    """A quantity as users write it; ValueError for anything that `patterns.QUANTITY` refuses."""
    parts = _PARTS.fullmatch(text)
    if parts is None or re.search(QUANTITY, text) is None:
        raise ValueError(f"{text!r} is no quantity: write a number and a suffix, as in 500m, 16 or 32Gi")
    number, suffix = Fraction(parts[1]), parts[2]
    if suffix == "m":
        factor = Fraction(1, 1000)
    elif suffix in _BINARY:
        factor = Fraction(1024 ** _BINARY[suffix])
    else:
        factor = Fraction(1000 ** _DECIMAL[suffix])
    return Quantity(nano=_ceil(number * factor * _NANO), binary=suffix in _BINARY)


def canonical(text: str) -> str:
    """`text` as the API server stores it: `1000m` is `1`, `0.5` is `500m`, `1024Mi` is `1Gi`."""
    return str(parse(text))


def total(quantities: Iterable[Quantity]) -> Quantity:
    """The sum, printed with binary suffixes if any part is."""
    parts = list(quantities)
    return Quantity(nano=sum(part.nano for part in parts), binary=any(part.binary for part in parts))


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def _largest(amount: int, base: int, suffixes: tuple[str, ...]) -> str:
    position = 0
    while amount and amount % base == 0 and position < len(suffixes) - 1:
        amount //= base
        position += 1
    return f"{amount}{suffixes[position]}" if amount else "0"
