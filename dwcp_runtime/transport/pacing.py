"""How fast the streams of a transfer over BBR may pace together. Pure.

BBR takes the fastest it was acknowledged for its bandwidth. Several streams that begin together each double
their rate until all of them see no more, and what a recovery from loss releases at once counts as speed: over
1 Gbit/s, 150 ms and one packet in a hundred lost, eight streams were seen to pace at 4.4 Gbit/s together, and
to send every packet 1.6 times. A stream that waits for its next block and then has it at once is as wrong.
What was delivered says better what the path carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FAIR: Final = 1.5
"""Times an equal share of what the path carries that each stream may always pace at: as BBR probes."""

OWN: Final = 2.0
"""Times what it delivered that a stream may pace at: the others need not make up for it at once."""

PROBE: Final = 1.15
"""Both, on a clean path without a queue: in a quarter of a second that fills a queue of 37 ms."""

DRAIN: Final = 1.0
"""Both, on a clean path with one. With the headers of the packets it is a little less than what arrives."""

GROWTH: Final = 1.25
"""Between two looks: a path that carries so much more is still being filled. BBR ends its start so."""

FADE: Final = 0.98
"""By how much the best rate that was seen fades from one look to the next: to half in 34 looks."""

KEPT: Final = 0.75
"""Share of the rate of the last minute that always counts: round trips grow by a busy CPU as well."""

_SLOW_FADE: Final = 0.995


class PacingCaps:
    """Feed it what each stream delivered; it gives a cap for each, or none while the path is being filled.
    Rates are bytes per second.

    `queued` says that packets wait before the narrowest link: without a queue there is room, however little
    the streams were seen to gain. Where packets are lost at random BBR ends its start early, and a cap at
    what it reached by then would keep it there. `clean`: nothing is lost but what a full queue drops, so that
    nothing is once the queue is short. `begin` is what all may pace at together before anything is known of
    the path, where what is sent twice costs more than the time to find its rate; None leaves that to BBR.
    """

    def __init__(self, *, begin: float | None = None) -> None:
        self._begin = begin
        self._best = 0.0
        self._smooth = 0.0
        self._peak = 0.0
        self._filled = False

    def look(self, rates: Mapping[int, float], *, queued: bool, clean: bool) -> dict[int, int] | None:
        """The caps by stream, from the rate of each; None as long as there are none."""
        total = sum(rates.values())
        grown = total >= GROWTH * self._best
        self._best = max(total, FADE * self._best)
        self._smooth += (total - self._smooth) / 2
        self._peak = max(self._smooth, _SLOW_FADE * self._peak)
        # Until something arrives there is nothing to judge by.
        if total > 0 and not grown and queued:
            self._filled = True
        if not self._filled:
            if self._begin is None:
                return None
            self._begin = max(self._begin, 2 * total)
            return dict.fromkeys(rates, max(1, int(self._begin / len(rates))))
        if not clean:
            return _capped(rates, self._best * FAIR, OWN)
        gain = DRAIN if queued else PROBE
        carried = max(self._smooth, KEPT * self._peak)
        return _capped(rates, carried * gain, gain)


def _capped(rates: Mapping[int, float], together: float, own: float) -> dict[int, int]:
    fair = together / len(rates)
    return {stream: max(1, int(max(fair, own * rate))) for stream, rate in rates.items()}
