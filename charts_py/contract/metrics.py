"""Every metric that the runtime emits and an alert, dashboard or autoscaler reads, by name, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from charts_py.contract import names


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric in Prometheus' sense. Units are base units and part of the name; `app` is who emits it."""

    app: str
    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()

    @property
    def buckets(self) -> str:
        """The series of a histogram's buckets."""
        if self.kind != "histogram":
            raise ValueError(f"{self.name} is a {self.kind} and has no buckets")
        return f"{self.name}_bucket"


HTTP_REQUESTS: Final = Metric(
    app=names.API,
    name="http_requests_total",
    kind="counter",
    help="Requests answered, by method and status code.",
    labels=("method", "code"),
)
HTTP_DURATION: Final = Metric(
    app=names.API,
    name="http_request_duration_seconds",
    kind="histogram",
    help="Time from the first byte of a request to the last byte of its answer.",
    labels=("method",),
)
HAS_LEADER: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_has_leader",
    kind="gauge",
    help="1 while the member knows a leader, else 0. Without a quorum no member does.",
)
COMMIT_DURATION: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_commit_duration_seconds",
    kind="histogram",
    help="Time from proposing an entry to its commit, on the leader.",
)
LEADER_CHANGES: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_leader_changes_total",
    kind="counter",
    help="Leader changes that the member saw.",
)
PACKET_LOSS: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_packet_loss_ratio",
    kind="gauge",
    help="Share of packets to a peer region that had to be sent again, 0 to 1.",
    labels=("peer",),
)
ENCODED_BLOCKS: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_encoded_blocks_total",
    kind="counter",
    help="Blocks that the encoder took on, whether it succeeded or not.",
)
ENCODING_FAILURES: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_encoding_failures_total",
    kind="counter",
    help="Blocks that could not be compressed or whose check failed, and were sent as they are.",
)
CONNECTIONS: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_connections",
    kind="gauge",
    help="Connections to a peer region by state: `healthy` or `degraded`.",
    labels=("peer", "state"),
)

METRICS: Final = (
    HTTP_REQUESTS,
    HTTP_DURATION,
    HAS_LEADER,
    COMMIT_DURATION,
    LEADER_CHANGES,
    PACKET_LOSS,
    ENCODED_BLOCKS,
    ENCODING_FAILURES,
    CONNECTIONS,
)
"""All of them."""

DEGRADED: Final = "degraded"
"""The value of `state` of `CONNECTIONS` that alerts look for."""
