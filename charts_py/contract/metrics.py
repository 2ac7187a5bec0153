"""Every metric that the runtime emits and an alert, dashboard, autoscaler or person reads, by name, once."""

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
    help="Time from handing writes of clients to the member to their commit.",
)
LEADER_CHANGES: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_leader_changes_total",
    kind="counter",
    help="Leader changes that the member saw.",
)
QUORUM_HELD: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_quorum_held",
    kind="gauge",
    help="1 while a leader is known and a majority of the voters answers, else 0.",
)
MEMBERS: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_members",
    kind="gauge",
    help="Members that the member knows of. Role: `voter` or `learner`; reachable: `yes` or `no`.",
    labels=("role", "reachable"),
)
LAG: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_lag_entries",
    kind="gauge",
    help="Raft entries that a member is behind the leader.",
    labels=("member",),
)
DATABASE_SIZE: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_database_bytes",
    kind="gauge",
    help="Size of the member's database on disk.",
)
DATABASE_IN_USE: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_database_used_bytes",
    kind="gauge",
    help="What of the database's size is in use; defragmentation gives the rest back.",
)
LAST_SNAPSHOT: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_last_snapshot_timestamp_seconds",
    kind="gauge",
    help="When the member took its last verified snapshot, in seconds since 1970.",
)
HEARTBEAT: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_heartbeat_seconds",
    kind="gauge",
    help="The heartbeat that the member runs with.",
)
ELECTION: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_election_timeout_seconds",
    kind="gauge",
    help="The election timeout that the member runs with.",
)
PEER_RTT: Final = Metric(
    app=names.CONSENSUS,
    name="novacron_consensus_peer_rtt_seconds",
    kind="gauge",
    help="Round trip to another member, the median of the latest.",
    labels=("member",),
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

STREAMS: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_streams",
    kind="gauge",
    help="Data streams of running transfers. Direction: `in` or `out`.",
    labels=("peer", "direction"),
)
RTT: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_rtt_seconds",
    kind="gauge",
    help="Round trip to a peer region as the kernel measures it, the longest of the running transfers.",
    labels=("peer",),
)
RETRANSMITS: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_retransmits_total",
    kind="counter",
    help="TCP segments to a peer region that were sent again.",
    labels=("peer",),
)
WIRE_BYTES: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_wire_bytes_total",
    kind="counter",
    help="Bytes of frames before TLS. Direction: `in` or `out`.",
    labels=("peer", "direction"),
)
FILE_BYTES: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_file_bytes_total",
    kind="counter",
    help="Bytes of files that the receiver has made durable. Direction: `in` or `out`.",
    labels=("peer", "direction"),
)
BLOCKS: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_blocks_total",
    kind="counter",
    help="Blocks by codec: `zero`, `raw`, `zstd`, `prefix`, `pages`. Direction: `in` or `out`.",
    labels=("direction", "codec"),
)
BLOCK_FILE_BYTES: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_block_file_bytes_total",
    kind="counter",
    help="Bytes of files that blocks of a codec stand for. Divided by those on the wire: the codec's ratio.",
    labels=("direction", "codec"),
)
BLOCK_WIRE_BYTES: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_block_wire_bytes_total",
    kind="counter",
    help="Bytes that blocks of a codec take on the wire.",
    labels=("direction", "codec"),
)
LIMITED_SECONDS: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_limited_seconds_total",
    kind="counter",
    help="Seconds of transfers by what kept them from being faster.",
    labels=("direction", "limit"),
)
TRANSFERS: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_transfers_total",
    kind="counter",
    help="Transfers that ended, by outcome: `done`, `failed` or `cancelled`; `code` says why one failed.",
    labels=("direction", "outcome", "code"),
)
PATH_MTU: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_path_mtu_bytes",
    kind="gauge",
    help="MTU of the path to a peer region as the node's kernel knows it.",
    labels=("peer",),
)
CONFIGURED_MTU: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_configured_mtu_bytes",
    kind="gauge",
    help="MTU that the node network is meant to carry, from the configuration.",
)
RELOAD_FAILURES: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_config_reload_failures_total",
    kind="counter",
    help="Changed files that could not be used; the agent keeps the last good ones. "
    "What: `config`, `certificates` or `token`.",
    labels=("what",),
)
DRAINING: Final = Metric(
    app=names.DWCP,
    name="novacron_dwcp_draining",
    kind="gauge",
    help="1 while the agent ends its transfers and takes no new ones, else 0.",
)

METRICS: Final = (
    HTTP_REQUESTS,
    HTTP_DURATION,
    HAS_LEADER,
    COMMIT_DURATION,
    LEADER_CHANGES,
    QUORUM_HELD,
    MEMBERS,
    LAG,
    DATABASE_SIZE,
    DATABASE_IN_USE,
    LAST_SNAPSHOT,
    HEARTBEAT,
    ELECTION,
    PEER_RTT,
    PACKET_LOSS,
    ENCODED_BLOCKS,
    ENCODING_FAILURES,
    CONNECTIONS,
    STREAMS,
    RTT,
    RETRANSMITS,
    WIRE_BYTES,
    FILE_BYTES,
    BLOCKS,
    BLOCK_FILE_BYTES,
    BLOCK_WIRE_BYTES,
    LIMITED_SECONDS,
    TRANSFERS,
    PATH_MTU,
    CONFIGURED_MTU,
    RELOAD_FAILURES,
    DRAINING,
)
"""All of them."""

DEGRADED: Final = "degraded"
"""The value of `state` of `CONNECTIONS` that alerts look for."""

HEALTHY: Final = "healthy"
"""The other one."""

LOSSY: Final = 0.02
"""`PACKET_LOSS` above which people are told, and from which on a connection counts as degraded."""
