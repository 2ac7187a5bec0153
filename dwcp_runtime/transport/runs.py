"""Sets of block numbers as runs, which is how they travel."""

from __future__ import annotations

from collections.abc import Iterable

Run = tuple[int, int]
"""First block and how many follow each other, at least one."""


def runs_of(indices: Iterable[int]) -> list[Run]:
    """The runs of a set of block numbers, ascending and apart."""
    found: list[list[int]] = []
    for index in sorted(set(indices)):
        if found and found[-1][0] + found[-1][1] == index:
            found[-1][1] += 1
        else:
            found.append([index, 1])
    return [(start, count) for start, count in found]
