"""Which of the allowed words somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 64


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate with the fewest edits from `word`, None if more than a third must change.

    An edit is a letter added, left out, replaced or swapped with its neighbour; case counts for nothing.
    """
    if not 0 < len(word) <= _LONGEST:
        return None
    best: str | None = None
    limit = max(1, len(word) // 3) + 1
    for candidate in candidates:
        if abs(len(candidate) - len(word)) >= limit:
            continue
        edits = _edits(word.lower(), candidate.lower())
        if edits < limit:
            best, limit = candidate, edits
    return best


def _edits(left: str, right: str) -> int:
    """Optimal string alignment distance."""
    before: list[int] = []
    last = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        row = [i]
        for j, b in enumerate(right, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
