from __future__ import annotations

from dataclasses import replace

from charts_py.contract.dwcp import Peer
from charts_py.contract.region import Region
from charts_py.resources import peers

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")
NAMED = Peer(region="lab-2", endpoint="dwcp.lab-2.example:443", cidrs=("192.0.2.0/24",))
BARE = Peer(region="lab-3", endpoint="198.51.100.7:8888")


def test_senders_are_known_only_if_every_peer_says_where_it_comes_from():
    assert peers.known_senders(replace(LAB, peers=(NAMED,))) == ["192.0.2.0/24"]
    assert peers.known_senders(replace(LAB, peers=(NAMED, BARE))) == []


def test_an_address_narrows_the_way_out_and_a_name_cannot():
    assert peers.networks_of(BARE) == ("198.51.100.7/32",)
    assert peers.networks_of(NAMED) == peers.ANYWHERE
    assert (peers.port_of(NAMED), peers.port_of(BARE)) == (443, 8888)
