"""Totals over all transfers, from snapshots of the running ones. Pure: time and snapshots come in.

Prometheus needs counters that only grow, while a transfer's own figures go when it is forgotten. So each
snapshot is compared with the one before it, and what was added is entered here.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from charts_py.contract.metrics import LOSSY
from dwcp_runtime.transport.progress import FINAL, Progress, State

OTHER: Final = "other"
"""The peer of transfers with an endpoint that is no configured one. Labels must not grow with what is asked
for."""

WINDOW: Final = 60.0
"""Seconds over which loss is measured."""

CONNECTING_LATE: Final = 10.0
"""Seconds after which a transfer that still connects counts as a degraded connection."""

_HEADERS: Final = 72
"""Bytes of a packet that are not TLS' (IPv6 40, TCP 20, its timestamps 12)."""

_Key = tuple[str, str]
N = TypeVar("N", int, float)


@dataclass(kw_only=True)
class Ledger:
    """What has been counted since the agent started. `packet` is the MTU that packets are estimated by: the
    kernel counts segments sent again, but not, for one transfer, all of them."""

    packet: int = 1500
    regions: Mapping[str, str] = field(default_factory=dict)
    wire: Counter[tuple[str, str]] = field(default_factory=Counter)
    durable: Counter[tuple[str, str]] = field(default_factory=Counter)
    retransmits: Counter[str] = field(default_factory=Counter)
    blocks: Counter[tuple[str, str]] = field(default_factory=Counter)
    block_file: Counter[tuple[str, str]] = field(default_factory=Counter)
    block_wire: Counter[tuple[str, str]] = field(default_factory=Counter)
    limited: dict[tuple[str, str], float] = field(default_factory=dict)
    encoded: int = 0
    encoding_failures: int = 0
    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    running: list[Progress] = field(default_factory=list)
    _seen: dict[_Key, Progress] = field(default_factory=dict)
    _entered: set[tuple[str, str, float, int]] = field(default_factory=set)
    _recent: dict[str, deque[tuple[float, float, int]]] = field(default_factory=dict)

    def observe(self, now: float, snapshots: Iterable[tuple[str, Progress]]) -> None:
        """Enter every transfer that is known at `now` (seconds of any steady clock), each with its id.

        Runs of one file may share an id if they come in the order of their start: an incoming transfer that
        was resumed has the id of the one that failed, and both are listed.
        """
        before, self._seen = self._seen, {}
        entered, self._entered = self._entered, set()
        self.running = []
        for name, progress in snapshots:
            key = (progress.direction, name)
            end = (*key, progress.elapsed, progress.wire)
            if progress.state in FINAL:
                self._entered.add(end)
                if end in entered:
                    continue
            last = self._seen.get(key) or before.get(key)
            if last is None or _began_anew(last, progress):
                last = Progress(
                    transfer=progress.transfer,
                    name=progress.name,
                    peer=progress.peer,
                    direction=progress.direction,
                    state=State.CONNECTING,
                    durable=progress.resumed,
                    resumed=progress.resumed,
                )
            self._enter(now, last, progress)
            self._seen[key] = progress
            if progress.state not in FINAL:
                self.running.append(progress)
        for recent in self._recent.values():
            while recent and recent[0][0] <= now - WINDOW:
                recent.popleft()

    def region(self, progress: Progress) -> str:
        """The region of a transfer's peer, for labels: from its name or endpoint."""
        return self.regions.get(progress.peer, OTHER)

    def loss(self) -> dict[str, float]:
        """Share of packets sent again in the last minute, by region; none where no packets went."""
        found = {}
        for region, recent in self._recent.items():
            packets = sum(packets for _, packets, _ in recent)
            again = sum(again for _, _, again in recent)
            if packets > 0:
                found[region] = min(1.0, again / (packets + again))
        return found

    def connections(self) -> dict[tuple[str, bool], int]:
        """Connections of running transfers by region, and whether they are healthy."""
        loss = self.loss()
        found: dict[tuple[str, bool], int] = Counter()
        for progress in self.running:
            region = self.region(progress)
            if progress.state is State.CONNECTING and progress.elapsed > CONNECTING_LATE:
                found[region, False] += max(1, progress.streams)
            elif progress.streams:
                found[region, loss.get(region, 0.0) < LOSSY] += progress.streams
        return dict(found)

    def _enter(self, now: float, last: Progress, progress: Progress) -> None:
        region, direction = self.region(progress), progress.direction
        wire = progress.wire - last.wire
        again = progress.retransmits - last.retransmits
        self.wire[region, direction] += wire
        # What was there before this run counts as resumed, and arrives in `durable` at once.
        self.durable[region, direction] += max(
            0, (progress.durable - progress.resumed) - (last.durable - last.resumed)
        )
        _add(self.blocks, direction, progress.blocks, last.blocks)
        _add(self.block_file, direction, progress.block_file, last.block_file)
        _add(self.block_wire, direction, progress.block_wire, last.block_wire)
        _add(self.limited, direction, progress.limited, last.limited)
        if direction == "out":
            self.retransmits[region] += again
            self.encoded += sum(progress.blocks.values()) - sum(last.blocks.values())
            self.encoding_failures += progress.encoding_failures - last.encoding_failures
            if wire or again:
                packets = wire / (self.packet - _HEADERS)
                self._recent.setdefault(region, deque()).append((now, packets, again))
        if progress.state in FINAL:
            self.outcomes[direction, progress.state.value, progress.code or ""] += 1


def _add(
    total: MutableMapping[tuple[str, str], N], direction: str, now: Mapping[str, N], then: Mapping[str, N]
) -> None:
    for key, value in now.items():
        more = value - then[key] if key in then else value
        if more > 0:
            place = (direction, str(key))
            total[place] = total[place] + more if place in total else more


def _began_anew(last: Progress, progress: Progress) -> bool:
    """Whether `progress` is of another run than `last`: figures of one run never fall."""
    return (
        last.state in FINAL
        or progress.elapsed < last.elapsed
        or progress.wire < last.wire
        or progress.retransmits < last.retransmits
        or progress.encoding_failures < last.encoding_failures
        or any(progress.blocks.get(codec, 0) < count for codec, count in last.blocks.items())
    )
