"""What an agent knows of its links to peer regions: one entry for each configured peer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dwcp_runtime.network.ledger import Ledger
from dwcp_runtime.network.path_mtu import PathMtu
from dwcp_runtime.network.peers import Peers


def links(
    peers: Peers, paths: Mapping[str, PathMtu], ledger: Ledger, configured_mtu: int
) -> list[dict[str, Any]]:
    """Plain values: sizes in bytes, times in seconds; None for what is not known."""
    loss = ledger.loss()
    found = []
    for name, region in peers.names.items():
        path = paths.get(region)
        running = [each for each in ledger.running if ledger.region(each) == region]
        found.append(
            {
                "region": region,
                "endpoint": peers.by_region[region].endpoint,
                "certificate_name": name,
                "transfers": len(running),
                "streams": sum(each.streams for each in running),
                "rtt": max((each.rtt for each in running if each.rtt), default=None),
                "loss": loss.get(region),
                "path_mtu": path.mtu if path else None,
                "path_mtu_reason": path.reason if path else "not looked at yet",
                "configured_mtu": configured_mtu,
            }
        )
    return found
