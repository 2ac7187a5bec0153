"""The lines that are measured, and the size of the file that fits each."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

_MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True, kw_only=True, order=True)
class Profile:
    """A line: round-trip time in milliseconds, rate each way in Mbit/s (0: no limit), loss as a probability
    for each packet."""

    rate_mbit: float
    rtt_ms: float
    loss: float

    def __str__(self) -> str:
        rate = f"{self.rate_mbit:g} Mbit/s" if self.rate_mbit else "no rate limit"
        return f"{rate}, RTT {self.rtt_ms:g} ms, loss {self.loss:g}"

    def size(self, seconds: float) -> int:
        """How many bytes the line carries in `seconds`, in whole MiB, at least one."""
        return max(1, round(self.rate_mbit * 1e6 / 8 * seconds / _MEBIBYTE)) * _MEBIBYTE

    @property
    def payload_mbit(self) -> float:
        """The most that TCP can carry on it with Ethernet's usual 1500 bytes for a packet: IPv4 and TCP
        headers with timestamps take 52 of them. Infinite without a rate limit."""
        return self.rate_mbit * (1500 - 52) / 1500 if self.rate_mbit else math.inf


MATRIX: Final = tuple(
    Profile(rate_mbit=rate, rtt_ms=rtt, loss=loss)
    for rate in (200, 1000)
    for rtt in (10, 50, 150)
    for loss in (0, 1e-4, 1e-3, 1e-2)
)
QUICK: Final = (
    Profile(rate_mbit=200, rtt_ms=50, loss=0),
    Profile(rate_mbit=200, rtt_ms=50, loss=1e-2),
)
IMAGE: Final = Profile(rate_mbit=200, rtt_ms=50, loss=0)
"""The line over which the second version of an image goes."""
REPRESENTATIVE: Final = (
    Profile(rate_mbit=1000, rtt_ms=10, loss=0),
    Profile(rate_mbit=200, rtt_ms=50, loss=1e-3),
    Profile(rate_mbit=1000, rtt_ms=50, loss=1e-3),
    Profile(rate_mbit=200, rtt_ms=150, loss=1e-2),
)
"""Near and clean, far and lossy, and the usual in between: what other tools do differs little on their
neighbours."""
UNLIMITED: Final = Profile(rate_mbit=0, rtt_ms=10, loss=0)
"""What the emulator itself can carry."""


def parse(text: str) -> Profile:
    """`RATE:RTT:LOSS`, such as `1000:50:1e-3`. Raises ValueError that says what is allowed."""
    parts = text.split(":")
    try:
        rate, rtt, loss = (float(part) for part in parts)
    except ValueError:
        raise ValueError(f"{text!r} is no profile: write RATE:RTT:LOSS, such as 1000:50:1e-3") from None
    if not (0 < rate <= 1e5 and 0 < rtt <= 1e4 and 0 <= loss < 1):
        raise ValueError(
            f"{text!r}: the rate is above 0 Mbit/s, the RTT above 0 ms, the loss from 0 to below 1"
        )
    return Profile(rate_mbit=rate, rtt_ms=rtt, loss=loss)


def with_others(profiles: Collection[Profile], *, affordable: int) -> frozenset[Profile]:
    """At which profiles the other tools run too when there is time for `affordable` of them: those that stand
    for others first, then clean lines and the usual bad one, what lies between them and the worst after
    that."""
    order = {0: 0, 1e-3: 1, 1e-2: 2}
    ranked = sorted(
        profiles,
        key=lambda profile: (profile not in REPRESENTATIVE, order.get(profile.loss, 3), profile),
    )
    return frozenset(ranked[: max(0, affordable)])
