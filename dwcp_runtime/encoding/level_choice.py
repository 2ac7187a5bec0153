"""Which zstd level delivers most bytes of the file per second over this link, with these CPUs.

Pure: blocks and rates that were seen come in, levels go out; it knows neither sockets nor clocks.

The rate of a level is `min(link / share, threads * efficiency / cost, sink)`: `share` is bytes sent for each
byte of the file, `cost` CPU seconds for each. Both are a state of the content, which the level in use follows
quickly, times what the level is to the lowest, which is learned slowly from blocks tried at other levels. So
a change of content moves all levels together and a level that was not tried for long is not believed blindly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dwcp_runtime.encoding.encoder import REFERENCES_ONLY

PROBE_SHARE: Final = 0.02
"""Most of the CPU time, and of the bytes, that is spent on trying other levels, as a share of what blocks
took."""

PROBE_EVERY: Final = 32
"""Fewest blocks from one try of another level to the next."""

_SETTLING: Final = 16
"""Blocks after a change of level that still teach what the level is, not what the content is."""

_DECIDE_EVERY: Final = 8
_GAIN: Final = 1.05
"""How much better another level must promise to be before it is taken."""

_FOLLOW: Final = 0.15
_LEARN: Final = 0.1
_BELIEF: Final = 2.0
"""By which factor what is learned of a level may leave what is known of zstd in general."""

_GUESS: Final = 16.0
"""By how much a link that was never seen at its limit may be faster than what was sent over it: so much that
the next blocks are sent raw, which shows the limit at once."""

_GROWTH: Final = 0.05
"""By how much a link seen at its limit before is taken to have grown when as much was sent and the streams
still waited; twice as much at each such report in a row."""

_STRETCH: Final = 1.5
"""Times the fastest that was sent that a link may be taken to have grown to. Where other programs take the
CPU blocks come late too, and a level too low for an interval sends more bytes than it saves in the whole
file."""

_ANOTHER: Final = 3.0
"""Times the limit that a link was seen at, from which on it is another one whose limit is unknown."""

_FADE: Final = 0.98
"""By how much the fastest that was seen fades from one report to the next."""

_LEAST_CORES: Final = 0.5
"""Cores that are counted on, however little of them was had lately: who shares them gets them back, what was
sent uncompressed is sent."""

_NARROW: Final = 50e6
"""Bytes per second of a link up to which a second version is never compressed by less than `_FRUGAL`: level 3
would send 4% more of it, and save 1.9 s of one core for 1.5 GiB."""

_FRUGAL: Final = 5

_DRIFT: Final = 1.004
"""By how much, at each report, a link may have become faster since it was last seen at its limit. Each
doubling of doubt costs one excursion to raw."""

_RECOVERY: Final = 1.02

_RAW_COST: Final = 1 / 2.5e9
_FIRST_COST: Final = 1 / 300e6
_FIRST_SHARE: Final = 0.4

_LADDER: Final[tuple[tuple[int, float, float], ...]] = (
    # level, cost and share as multiples of those of level 1: measured on blocks of a mebibyte of a system
    # image and of a database. Levels below 1 gain little time and lose a fifth and more.
    (1, 1.00, 1.00),
    (2, 1.45, 0.95),
    (3, 2.10, 0.90),
    (5, 3.80, 0.88),
    (6, 5.20, 0.86),
    (9, 9.00, 0.85),
    (12, 17.0, 0.845),
    (15, 60.0, 0.835),
    (19, 160.0, 0.78),
)

_LADDER_WITH_REFERENCES: Final[tuple[tuple[int, float, float], ...]] = (
    # The same as multiples of level 3, measured on the second version of a system image of 1.5 GiB. Looking
    # for references takes most of the time of level 1, which would send 5% more and save 5% of the time.
    (3, 1.00, 1.000),
    (5, 1.75, 0.962),
    (6, 2.10, 0.943),
    (9, 3.30, 0.933),
    (12, 5.40, 0.930),
    (15, 19.0, 0.925),
    (19, 50.0, 0.900),
)


@dataclass(slots=True)
class _Rung:
    level: int
    usual_cost: float
    usual_share: float
    cost: float
    share: float


class LevelChoice:
    """Chooses among raw (None), references without compression where there are any, and levels to `ceiling`.

    `threads` is how many blocks are encoded at the same time. Over a link that may be `fast` it begins with
    raw: to compress until its rate is known would cost more time than bytes could bring. Not safe for several
    threads: it belongs to the one that hands out blocks.
    """

    def __init__(self, *, ceiling: int, threads: int, references: bool = False, fast: bool = False) -> None:
        if ceiling < 1 or threads < 1:
            raise ValueError(f"a ceiling of {ceiling} for {threads} threads; both are 1 at least")
        self._threads = threads
        self._references = references
        # Below its lowest level there is nothing to gain: with a lower ceiling blocks get that.
        ladder = _LADDER_WITH_REFERENCES if references and ceiling >= 3 else _LADDER
        rungs = [_Rung(level, cost, share, cost, share) for level, cost, share in ladder if level <= ceiling]
        self._levels: list[int | None] = [None, *([REFERENCES_ONLY] if references else [])]
        self._levels += [rung.level for rung in rungs]
        self._by_level = {rung.level: rung for rung in rungs}
        self._current: int | None = None if fast else rungs[0].level
        self._cost = _FIRST_COST
        self._share = _FIRST_SHARE
        # Forms without zstd have a cost and a share of their own: (CPU seconds, bytes sent) per byte.
        self._plain: dict[int | None, tuple[float, float]] = {
            None: (_RAW_COST, 1.0),
            REFERENCES_ONLY: (2 * _RAW_COST, 1.0),
        }
        self._efficiency = 1.0
        self._least_efficiency = _LEAST_CORES / threads
        self._link: float | None = None
        self._met: float | None = None
        self._fastest = 0.0
        self._growth = _GROWTH
        self._sink: float | None = None
        self._since_change = _SETTLING
        self._since_probe = 0
        self._since_decision = 0
        self._credit = 0.0
        self._wire_credit = 0.0
        self._spent = 0.0
        self._block = 0.0
        self._upwards = True

    @property
    def level(self) -> int | None:
        """The level in use: what most blocks get. None is raw."""
        return self._current

    def next(self) -> int | None:
        """The level for the next block: mostly the one in use, now and then a neighbour to learn from."""
        self._since_probe += 1
        if self._since_probe >= PROBE_EVERY:
            probe = self._neighbour()
            extra = max(0.0, self._cost_of(probe) - self._cost_of(self._current)) * self._block
            wire = max(0.0, self._share_of(probe) - self._share_of(self._current)) * self._block
            affordable = self._credit >= extra and self._wire_credit >= wire
            if probe != self._current and affordable and self._may_win(probe):
                self._credit -= extra
                self._wire_credit -= wire
                self._since_probe = 0
                return probe
        return self._current

    def observe(self, level: int | None, raw_bytes: int, wire_bytes: int, cpu_seconds: float) -> None:
        """A block of `raw_bytes` was encoded at `level` into `wire_bytes` with `cpu_seconds` of CPU time."""
        if raw_bytes <= 0:
            return
        self._spent += cpu_seconds
        cost, share = cpu_seconds / raw_bytes, wire_bytes / raw_bytes
        current = level == self._current
        if level is None or level == REFERENCES_ONLY:
            old_cost, old_share = self._plain[level]
            self._plain[level] = (_towards(old_cost, cost, _FOLLOW), _towards(old_share, share, _FOLLOW))
        else:
            self._learn(level, cost, share, current)
        if current:
            self._since_change += 1
            self._block = _towards(self._block or raw_bytes, raw_bytes, _FOLLOW)
            # As much credit as the dearest try next door needs, however long nothing was tried.
            limit = self._cost_of(self._neighbour()) * self._block
            self._credit = min(max(limit, self._credit), self._credit + PROBE_SHARE * cpu_seconds)
            self._wire_credit = min(self._block, self._wire_credit + PROBE_SHARE * wire_bytes)
        self._since_decision += 1
        if self._since_decision >= _DECIDE_EVERY:
            self._decide()

    def link(self, bytes_per_second: float, *, limited_by_encoder: bool, seconds: float) -> None:
        """Streams together sent `bytes_per_second` in the `seconds` since the last report.
        `limited_by_encoder` says that they mostly waited for blocks, so that the link could have carried
        more."""
        spent, self._spent = self._spent, 0.0
        if bytes_per_second <= 0 or seconds <= 0:
            return
        self._fastest = max(bytes_per_second, self._fastest * _FADE)
        if not limited_by_encoder:
            self._link = (
                bytes_per_second if self._link is None else _towards(self._link, bytes_per_second, 0.5)
            )
            # One slow interval is no slower link: it may have been the CPU of either end, or of the line.
            self._met = max(self._link, (self._met or 0.0) * _FADE)
            self._growth = _GROWTH
            # What they got while they were not the limit, they can get at least.
            had = spent / (self._threads * seconds)
            self._efficiency = min(1.0, max(had, self._efficiency * _RECOVERY))
        else:
            # Threads wait for each other, for the disk and for a core: what is left is what they encode.
            self._efficiency = _towards(
                self._efficiency,
                min(1.0, max(self._least_efficiency, spent / (self._threads * seconds))),
                0.3,
            )
            if self._met is not None and bytes_per_second >= _ANOTHER * self._met:
                self._met = None
            if self._link is None or self._met is None:
                self._link = max(self._link or 0.0, bytes_per_second * _GUESS)
            elif bytes_per_second >= 0.95 * self._met:
                grown = max(self._link, bytes_per_second) * (1 + min(1.0, self._growth))
                self._link = max(self._link, min(grown, self._fastest * _STRETCH))
                self._growth *= 2
            else:
                # The link was slower than this once; it may have become faster.
                self._link *= _DRIFT
        self._decide()

    def sink(self, bytes_per_second: float | None) -> None:
        """The receiver restores and writes `bytes_per_second` of the file at most; None: it is not the
        limit."""
        self._sink = bytes_per_second
        self._decide()

    def rate(self, level: int | None) -> float:
        """Bytes of the file per second that `level` promises; infinite while the link is unknown to be
        slow."""
        link = float("inf") if self._link is None else self._link
        rates = [
            link / max(self._share_of(level), 1e-6),
            self._threads * self._efficiency / self._cost_of(level),
        ]
        return min([*rates, self._sink] if self._sink else rates)

    def _learn(self, level: int, cost: float, share: float, current: bool) -> None:
        rung = self._by_level[level]
        settled = current and self._since_change >= _SETTLING
        if settled or self._current is None or self._current == REFERENCES_ONLY:
            self._cost = _towards(self._cost, cost / rung.cost, _FOLLOW)
            self._share = _towards(self._share, share / rung.share, _FOLLOW)
            return
        rung.cost = _within(_towards(rung.cost, cost / self._cost, _LEARN), rung.usual_cost)
        if self._share > 0:
            rung.share = _within(_towards(rung.share, share / self._share, _LEARN), rung.usual_share)

    def _cost_of(self, level: int | None) -> float:
        if level is None or level == REFERENCES_ONLY:
            cost = self._plain[level][0]
        else:
            cost = self._cost * self._by_level[level].cost
        return max(cost, 1e-12)

    def _share_of(self, level: int | None) -> float:
        if level is None or level == REFERENCES_ONLY:
            return self._plain[level][1]
        return min(1.0, self._share * self._by_level[level].share)

    def _neighbour(self) -> int | None:
        at = self._levels.index(self._current)
        self._upwards = not self._upwards
        return self._levels[min(max(0, at + (1 if self._upwards else -1)), len(self._levels) - 1)]

    def _may_win(self, level: int | None) -> bool:
        """Whether a level could be as fast as the one in use if it took no CPU time at all."""
        if self._link is None:
            return True
        return self._link * _STRETCH / max(self._share_of(level), 1e-6) >= self.rate(self._current)

    def _worthwhile(self, link: float) -> list[int | None]:
        """The levels to choose from over a link of so many bytes per second."""
        frugal: list[int | None] = [level for level in self._levels if level is not None and level >= _FRUGAL]
        return frugal if self._references and link <= _NARROW and frugal else self._levels

    def _decide(self) -> None:
        self._since_decision = 0
        if self._link is None:
            return
        # The first of equals costs least CPU.
        levels = self._worthwhile(self._link)
        best = max(levels, key=self.rate)
        if self._current not in levels:
            self._current = best
            self._since_change = 0
            return
        if self.rate(best) >= self.rate(self._current) * _GAIN:
            self._current = best
            self._since_change = 0
            return
        # What costs less and loses nothing is better: CPU has other uses.
        for level in levels[: levels.index(self._current)]:
            cheaper = self._cost_of(level) * _GAIN < self._cost_of(self._current)
            if cheaper and self.rate(level) >= self.rate(self._current):
                self._current = level
                self._since_change = 0
                return


def _towards(old: float, seen: float, weight: float) -> float:
    return old + (seen - old) * weight


def _within(value: float, usual: float) -> float:
    return min(max(value, usual / _BELIEF), usual * _BELIEF)
