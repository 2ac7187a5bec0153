import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts_py.contract import names
from dwcp_runtime.consensus.peer_map import PeerMapError, in_namespace, ordinal_of, parse


def test_a_pattern_counts_hosts_and_ports():
    members = parse("lab-{i}=10.0.0.{i+1}:{i*10+42380}:42379").members
    assert (members[2].name, members[2].host, members[2].peer_port) == ("lab-2", "10.0.0.3", 42400)
    assert (members[2].client_port, members[2].http_port, members[2].metrics_port) == (42379, 9090, 8081)
    assert members[2].peer_url(tls=True) == "https://10.0.0.3:42400"


def test_an_ipv6_host_stands_in_brackets():
    member = parse("lab-{i}=[fd00::{i+1}]:2380").members[0]
    assert (member.host, member.peer_url(tls=False)) == ("fd00::1", "http://[fd00::1]:2380")


def test_the_pods_of_a_namespace_are_found_by_their_headless_service():
    member = in_namespace("novacron").members[1]
    assert member.name == f"{names.CONSENSUS}-1"
    assert member.host == f"{names.CONSENSUS}-1.{names.CONSENSUS_HEADLESS}.novacron.svc.cluster.local"


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("lab=10.0.0.1", "numbers no members"),
        ("lab-{i}=10.0.0.1", "gives 10.0.0.1:2380 to lab-0 and to lab-1"),
        ("lab-{i}=10.0.0.{i}:2379", "port 2379 twice"),
        ("lab-{i}=10.0.0.{i}:0", "ports 1 to 65535"),
        ("lab-{i}=10.0.0.{i}:1:2:3:4:5", "no member"),
        ("lab-{i+1}=10.0.0.{i}", "must end in -0"),
        ("lab-{i}=", "no member"),
        ("lab-{i}=[fd00::{i}", "no member"),
    ],
)
def test_a_pattern_that_gives_no_members_is_refused_with_what_is_allowed(pattern, said):
    with pytest.raises(PeerMapError, match="lab") as caught:
        parse(pattern)
    assert said in str(caught.value)


@given(st.text(max_size=40))
def test_no_pattern_ends_in_anything_but_members_or_a_refusal(pattern):
    try:
        assert parse(pattern).members
    except PeerMapError:
        return


@given(st.integers(0, 9999), st.text("abc-", min_size=1, max_size=8))
def test_the_ordinal_is_the_number_at_the_end_of_a_name(ordinal, base):
    assert ordinal_of(f"{base}-{ordinal}") == ordinal


def test_the_ordinal_of_a_member_that_never_started_is_known_from_its_url():
    peers = parse("lab-{i}=10.0.0.{i+1}")
    assert peers.ordinal_of_url("https://10.0.0.3:2380") == 2
    assert peers.ordinal_of_url("https://10.0.0.3:1") is None
