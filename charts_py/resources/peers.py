"""Other regions, as addresses: who may connect to a region's gateway, and where its agents connect to."""

from __future__ import annotations

import ipaddress
from typing import Final

from charts_py.contract.dwcp import Peer
from charts_py.contract.region import Region

ANYWHERE: Final = ("0.0.0.0/0", "::/0")


def known_senders(region: Region) -> list[str]:
    """The networks that peers connect from, sorted; empty if there is no peer or one of them doesn't say."""
    if not all(peer.cidrs for peer in region.peers):
        return []
    return sorted({cidr for peer in region.peers for cidr in peer.cidrs})


def port_of(peer: Peer) -> int:
    """The port of a peer's gateway."""
    return int(peer.endpoint.rpartition(":")[2])


def networks_of(peer: Peer) -> tuple[str, ...]:
    """Where a peer's gateway may answer: its address, or anywhere if it is known by a name, because a load
    balancer's addresses change and a network policy knows no names."""
    host = peer.endpoint.rpartition(":")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ANYWHERE
    return (f"{address}/{address.max_prefixlen}",)
