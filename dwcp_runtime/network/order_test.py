import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts_py.contract.dwcp import AgentConfig, Peer
from dwcp_runtime.network.order import BadOrderError, Order, parse_order
from dwcp_runtime.network.peers import Peers

PEERS = Peers.of(
    AgentConfig(environment="lab", region="lab-1", peers=(Peer(region="lab-2", endpoint="two:8888"),))
)
SOUND = {"path": "disk.img", "name": "vm/disk.img", "peer": "lab-2"}


def parsed(**changes: Any) -> Order:
    entries = {key: value for key, value in {**SOUND, **changes}.items() if value is not ...}
    return parse_order(json.dumps(entries).encode(), PEERS)


def test_a_peer_is_dialled_at_its_endpoint_and_must_prove_its_name():
    assert parsed(baseline="old.img") == Order(
        path=Path("disk.img"),
        name="vm/disk.img",
        region="lab-2",
        endpoint="two:8888",
        names=frozenset({"lab-2.lab.dwcp.novacron.io"}),
        baseline=Path("old.img"),
    )


def test_an_endpoint_that_is_no_peers_must_prove_to_be_some_peer():
    order = parsed(peer=..., endpoint="10.0.0.9:1234")
    assert (order.region, order.endpoint, order.names) == (None, "10.0.0.9:1234", PEERS.allowed)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"path": ...}, "path: missing"),
        ({"path": 7}, "path: must be text"),
        ({"path": ""}, "path: must be text"),
        ({"path": "a\0b"}, "path: has a control character"),
        ({"path": "\ud800"}, "path: is not Unicode"),
        ({"path": "a" * 4097}, "path: 4097 bytes"),
        ({"name": "/etc/passwd"}, "name: '/etc/passwd' is no relative name"),
        ({"name": "a/../b"}, "no relative name"),
        ({"name": "a//b"}, "no relative name"),
        ({"name": "."}, "no relative name"),
        ({"name": "é" * 513}, "name: 1026 bytes"),
        ({"peer": "lab-9"}, "peer: no peer 'lab-9'; allowed: lab-2"),
        ({"peer": ...}, "say where to"),
        ({"endpoint": "a:1"}, "say where to"),
        ({"peer": ..., "endpoint": "a"}, "not host:port"),
        ({"peer": ..., "endpoint": "a:0"}, "not host:port"),
        ({"peer": ..., "endpoint": "a:65536"}, "not host:port"),
        ({"baseline": None}, "baseline: must be text"),
        ({"token": "x"}, "unknown key 'token'"),
    ],
)
def test_each_wrong_order_is_refused_with_what_is_allowed(changes: dict[str, Any], words: str):
    with pytest.raises(BadOrderError) as caught:
        parsed(**changes)
    assert words in str(caught.value)
    assert caught.value.allowed


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 60000, b"\xff\xfe", b'{"path": NaN}'])
def test_a_body_that_is_no_object_is_refused(body: bytes):
    with pytest.raises(BadOrderError):
        parse_order(body, PEERS)


KEYS = st.sampled_from(["path", "name", "peer", "endpoint", "baseline", "x"])
VALUES = st.text(max_size=8) | st.integers() | st.none() | st.sampled_from(["lab-2", "a:1", "..", "disk"])


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_whatever_is_asked_gives_a_safe_order_or_a_refusal(entries: dict[str, Any]):
    try:
        order = parse_order(json.dumps(entries).encode(), PEERS)
    except BadOrderError:
        return
    assert ".." not in Path(order.name).parts
    assert not Path(order.name).is_absolute()
    assert order.names
