"""`/metrics`: the agent's figures in Prometheus' text format, under the names of the contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from charts_py.contract import metrics as contract
from charts_py.contract import names
from dwcp_runtime.network.ledger import Ledger
from dwcp_runtime.network.path_mtu import PathMtu
from dwcp_runtime.network.readiness import Phase, Readiness

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

RELOADED: Final = ("config", "certificates", "token")
"""What can fail to be read again."""


class AgentCollector(Collector):
    """Makes every metric of the agent afresh at each scrape.

    `observe` brings the ledger up to date; `paths` is what is known of the path to each peer region,
    `configured_mtu` says what the configuration promises, in bytes.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        observe: Callable[[], None],
        readiness: Readiness,
        paths: Mapping[str, PathMtu],
        configured_mtu: Callable[[], int],
    ) -> None:
        self.reload_failures: Counter[str] = Counter()
        self._ledger = ledger
        self._observe = observe
        self._readiness = readiness
        self._paths = paths
        self._configured_mtu = configured_mtu

    def describe(self) -> Iterable[Metric]:
        """Names alone, so that registering does not collect."""
        return [_family(each, []) for each in contract.METRICS if each.app == names.DWCP]

    def collect(self) -> Iterator[Metric]:
        """Every metric of the contract that an agent emits."""
        self._observe()
        samples = self._samples()
        for metric in contract.METRICS:
            if metric.app == names.DWCP:
                yield _family(metric, samples[metric.name])

    def _samples(self) -> dict[str, list[tuple[tuple[str, ...], float]]]:
        ledger = self._ledger
        streams: Counter[tuple[str, str]] = Counter()
        rtt: dict[tuple[str], float] = {}
        for progress in ledger.running:
            region = ledger.region(progress)
            streams[region, progress.direction] += progress.streams
            if progress.rtt:
                rtt[(region,)] = max(rtt.get((region,), 0.0), progress.rtt)
        states = {True: contract.HEALTHY, False: contract.DEGRADED}
        return {
            contract.PACKET_LOSS.name: [((peer,), share) for peer, share in ledger.loss().items()],
            contract.ENCODED_BLOCKS.name: [((), ledger.encoded)],
            contract.ENCODING_FAILURES.name: [((), ledger.encoding_failures)],
            contract.CONNECTIONS.name: [
                ((peer, states[healthy]), count) for (peer, healthy), count in ledger.connections().items()
            ],
            contract.STREAMS.name: list(streams.items()),
            contract.RTT.name: list(rtt.items()),
            contract.RETRANSMITS.name: [((peer,), count) for peer, count in ledger.retransmits.items()],
            contract.WIRE_BYTES.name: list(ledger.wire.items()),
            contract.FILE_BYTES.name: list(ledger.durable.items()),
            contract.BLOCKS.name: list(ledger.blocks.items()),
            contract.BLOCK_FILE_BYTES.name: list(ledger.block_file.items()),
            contract.BLOCK_WIRE_BYTES.name: list(ledger.block_wire.items()),
            contract.LIMITED_SECONDS.name: list(ledger.limited.items()),
            contract.TRANSFERS.name: list(ledger.outcomes.items()),
            contract.PATH_MTU.name: [
                ((peer,), path.mtu) for peer, path in self._paths.items() if path.mtu is not None
            ],
            contract.CONFIGURED_MTU.name: [((), self._configured_mtu())],
            contract.RELOAD_FAILURES.name: [((what,), self.reload_failures[what]) for what in RELOADED],
            contract.DRAINING.name: [((), float(self._readiness.phase is Phase.DRAINING))],
        }


def registry(collector: AgentCollector) -> CollectorRegistry:
    """A registry of its own: what libraries put into the global one is nobody's business here."""
    made = CollectorRegistry(auto_describe=False)
    made.register(collector)
    return made


def exposition(of: CollectorRegistry) -> bytes:
    """The text that Prometheus scrapes."""
    return generate_latest(of)


def _family(metric: contract.Metric, samples: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    kinds: dict[str, Any] = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
    family = kinds[metric.kind](metric.name, metric.help, labels=metric.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    made: Metric = family
    return made
