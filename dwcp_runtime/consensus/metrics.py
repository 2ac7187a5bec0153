"""`/metrics`: the agent's figures in Prometheus' text format, under the names of the contract."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from charts_py.contract import metrics as contract
from charts_py.contract import names
from dwcp_runtime.consensus.status_document import GroupStatus

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

COMMIT_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds in seconds: from a fast disk to the time after which a write is given up."""

Samples = list[tuple[tuple[str, ...], float]]


class CommitDurations:
    """A histogram of what commits took."""

    def __init__(self) -> None:
        self._counts = [0] * (len(COMMIT_BUCKETS) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(COMMIT_BUCKETS, seconds)] += 1
        self.sum += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Upper bound and how many took no longer, as Prometheus wants them."""
        found, total = [], 0
        for bound, count in zip((*COMMIT_BUCKETS, float("inf")), self._counts, strict=True):
            total += count
            found.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
        return found


class ConsensusCollector(Collector):
    """Makes every metric of the agent afresh at each scrape, from its status."""

    def __init__(self, status: Callable[[], GroupStatus], commits: CommitDurations) -> None:
        self._status = status
        self._commits = commits

    def describe(self) -> Iterable[Metric]:
        """Names alone, so that registering does not collect."""
        return [_family(each, []) for each in _ours() if each.kind != "histogram"]

    def collect(self) -> Iterator[Metric]:
        """Every metric of the contract that an agent of consensus emits."""
        samples = _samples(self._status())
        for metric in _ours():
            if metric.kind == "histogram":
                family = HistogramMetricFamily(metric.name, metric.help)
                family.add_metric([], self._commits.buckets(), self._commits.sum)
                yield family
            else:
                yield _family(metric, samples[metric.name])


def registry(collector: ConsensusCollector) -> CollectorRegistry:
    """A registry of its own: what libraries put into the global one is nobody's business here."""
    made = CollectorRegistry(auto_describe=False)
    made.register(collector)
    return made


def exposition(of: CollectorRegistry) -> bytes:
    """The text that Prometheus scrapes."""
    return generate_latest(of)


def _ours() -> list[contract.Metric]:
    return [each for each in contract.METRICS if each.app == names.CONSENSUS]


def _samples(status: GroupStatus) -> dict[str, Samples]:
    timings, snapshot, quorum = status.timings_running, status.last_snapshot, status.quorum
    members = Counter(
        ("learner" if each.learner else "voter", "yes" if each.reachable else "no") for each in status.members
    )
    kinds = [(role, reachable) for role in ("voter", "learner") for reachable in ("yes", "no")]
    return {
        contract.HAS_LEADER.name: _one(float(status.leader is not None)),
        contract.LEADER_CHANGES.name: _one(status.leader_changes),
        contract.QUORUM_HELD.name: _one(float(quorum is not None and quorum.held)),
        contract.MEMBERS.name: [(kind, members[kind]) for kind in kinds],
        contract.LAG.name: [
            ((each.name or f"{each.id:x}",), each.lag) for each in status.members if each.lag is not None
        ],
        contract.DATABASE_SIZE.name: _one(status.db_size),
        contract.DATABASE_IN_USE.name: _one(status.db_in_use),
        contract.LAST_SNAPSHOT.name: _one(None if snapshot is None else snapshot.taken_at),
        contract.HEARTBEAT.name: _one(None if timings is None else timings.heartbeat_ms / 1000),
        contract.ELECTION.name: _one(None if timings is None else timings.election_ms / 1000),
        contract.PEER_RTT.name: [((name,), seconds) for name, seconds in status.round_trips.items()],
    }


def _one(value: float | None) -> Samples:
    return [] if value is None else [((), value)]


def _family(metric: contract.Metric, samples: Samples) -> Metric:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    made: Metric = family
    return made
