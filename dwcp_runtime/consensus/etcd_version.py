"""Which versions of etcd a group is trusted to, and by which faults the others are refused."""

from __future__ import annotations

import re
from typing import Final

Version = tuple[int, int, int]

OLDEST: Final[dict[tuple[int, int], Version]] = {(3, 5): (3, 5, 33), (3, 6): (3, 6, 14)}
"""The first sound version of each series."""

_FAULTS: Final[tuple[tuple[dict[tuple[int, int], Version], str], ...]] = (
    (
        {(3, 5): (3, 5, 26), (3, 6): (3, 6, 5)},
        "a promoted learner may be taken for a learner again after a restart (etcd issue 20793)",
    ),
    (
        {(3, 5): (3, 5, 30), (3, 6): (3, 6, 11)},
        "no member can be added while another one is down, although the quorum stands",
    ),
    (
        {(3, 5): (3, 5, 31), (3, 6): (3, 6, 12)},
        "updating a member makes a learner look like a voter (etcd issue 21694)",
    ),
    (
        OLDEST,
        "permission to read one key lets a client watch every key after it (GHSA-xg4h-6gfc-h4m8)",
    ),
)
"""The first version of each series without the fault, and the fault."""


class EtcdVersionError(Exception):
    """A version that is refused. The text names the fault and what to use instead."""


def parse(text: str) -> Version:
    """The version in what `etcd --version` prints, or a bare `3.6.16`. Raises EtcdVersionError."""
    found = re.search(r"(?a:(?:etcd Version: |^)(\d{1,4})\.(\d{1,4})\.(\d{1,4}))", text)
    if found is None:
        raise EtcdVersionError(f"no version of etcd can be read from {text[:80]!r}")
    return int(found[1]), int(found[2]), int(found[3])


def check(version: Version) -> None:
    """Raise EtcdVersionError unless the version may keep a group."""
    series = version[:2]
    label = ".".join(map(str, version))
    allowed = " or ".join(
        f"{'.'.join(map(str, first))} or newer {first[0]}.{first[1]}" for first in OLDEST.values()
    )
    if series not in OLDEST:
        why = "its series is out of support" if series < min(OLDEST) else "its series has not been tried"
        raise EtcdVersionError(f"etcd {label} is refused: {why}; allowed: {allowed}")
    for first, fault in _FAULTS:
        if version < first[series]:
            fixed = ".".join(map(str, first[series]))
            raise EtcdVersionError(f"etcd {label} is refused: {fault}, mended in {fixed}; allowed: {allowed}")
