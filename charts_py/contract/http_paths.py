"""Every HTTP path that one of our processes asks of another. Probe paths are in `ports.HEALTH_PATHS`."""

from __future__ import annotations

from typing import Final

METRICS: Final = "/metrics"
"""Prometheus text format, on the metrics port of every workload."""

CONSENSUS_HEALTH: Final = "/health"
"""For people and scripts: 200 and a JSON status while the member is part of a quorum, else 503."""

CONSENSUS_STATUS: Final = "/status"
"""What a member knows of itself and of its group, as JSON."""

CONSENSUS_MEMBERS: Final = "/v1/members"
"""GET lists voters and learners; the operator POSTs how many voters it wants: `{"voters": 5}`."""

CONSENSUS_SNAPSHOTS: Final = "/v1/snapshots"
"""POST takes a verified snapshot; GET tells the last one."""

CONSENSUS_WATCH: Final = "/v1/watch"
"""GET follows changes of keys, one JSON a line."""

CONSENSUS_KEYS: Final = "/v1/keys"
"""Linearizable reads and writes of the region's state, below this prefix."""

DWCP_LINKS: Final = "/links"
"""GET lists the links to peer regions: streams, round trip, loss, path MTU."""

DWCP_TRANSFERS: Final = "/transfers"
"""GET lists an agent's transfers, POST starts one. Below it, by id: GET, DELETE cancels, GET `.../events`
follows."""

API_PREFIX: Final = "/v1"
"""Everything that clients of the API server ask for lies below this prefix."""
