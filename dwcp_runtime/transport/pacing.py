"""How fast the streams of a transfer over BBR may pace together. Pure.

BBR takes the fastest it was acknowledged for its bandwidth. Several streams that begin together each double
their rate until all of them see no more, and what a recovery from loss releases at once counts as speed: over
1 Gbit/s, 150 ms and one packet in a hundred lost, eight streams were seen to pace at 4.4 Gbit/s together, and
to send every packet 1.6 times. What was delivered says better what the path carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FAIR: Final = 1.5
"""Times an equal share of what the path carries that each stream may always pace at: as BBR probes."""

OWN: Final = 2.0
"""Times what it delivered that a stream may pace at: the others need not make up for it at once."""

GROWTH: Final = 1.25
"""Between two looks: a path that carries so much more is still being filled. BBR ends its start so."""

FADE: Final = 0.98
"""By how much the best rate that was seen fades from one look to the next: to half in 34 looks."""


class PacingCaps:
    """Feed it what each stream delivered; it gives a cap for each, or none while the path is being filled.
    Rates are bytes per second."""

    def __init__(self) -> None:
        self._best = 0.0
        self._filled = False

    def look(self, rates: Mapping[int, float]) -> dict[int, int] | None:
        """The caps by stream, from the rate of each; None as long as there are none."""
        total = sum(rates.values())
        grown = total >= GROWTH * self._best
        self._best = max(total, FADE * self._best)
        # Until something arrives there is nothing to judge by.
        if total > 0 and not grown:
            self._filled = True
        if not self._filled:
            return None
        fair = FAIR * self._best / len(rates)
        return {stream: max(1, int(max(fair, OWN * rate))) for stream, rate in rates.items()}
