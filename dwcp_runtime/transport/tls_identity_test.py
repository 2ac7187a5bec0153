import pytest

from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.tls_identity import authorise, dns_names, require

EAST = "east.production.dwcp.novacron.io"
WEST = "west.production.dwcp.novacron.io"


def test_only_dns_names_count_and_case_does_not():
    certificate = {
        "subject": ((("commonName", WEST),),),
        "subjectAltName": (("DNS", EAST.upper()), ("IP Address", "10.0.0.1"), ("URI", WEST)),
    }
    assert dns_names(certificate) == {EAST}
    assert dns_names(None) == dns_names({}) == frozenset()


def test_a_peer_comes_in_by_an_allowed_name_among_others():
    assert authorise(frozenset({EAST, "localhost"}), [WEST, EAST.upper()], "10.0.0.1:9") == EAST


@pytest.mark.parametrize(
    "names",
    [
        frozenset(),
        frozenset({"north.production.dwcp.novacron.io"}),
        frozenset({"*.production.dwcp.novacron.io"}),
        frozenset({f"x.{EAST}"}),
        frozenset({EAST.removesuffix(".io")}),
        frozenset({EAST.replace("production", "staging")}),
    ],
)
def test_anybody_else_is_a_stranger_and_is_told_what_to_do(names):
    with pytest.raises(DwcpError) as caught:
        authorise(names, [EAST, WEST], "10.0.0.1:9")
    assert caught.value.code is ErrorCode.UNAUTHORISED
    assert not caught.value.retryable
    assert "10.0.0.1:9" in caught.value.message
    assert EAST in caught.value.message
    assert "add the peer's region" in caught.value.message


def test_an_empty_allow_list_lets_nobody_in():
    with pytest.raises(DwcpError, match="allowed here are no DNS name"):
        authorise(frozenset({EAST}), [], "10.0.0.1:9")


def test_a_wildcard_in_the_allow_list_allows_only_itself():
    with pytest.raises(DwcpError):
        authorise(frozenset({EAST}), ["*.production.dwcp.novacron.io"], "10.0.0.1:9")


def test_a_message_does_not_grow_with_the_names_of_a_certificate():
    with pytest.raises(DwcpError) as caught:
        authorise(frozenset(f"n{number}.example" for number in range(1000)), [EAST], "10.0.0.1:9")
    assert "and 996 more" in caught.value.message


def test_the_dialled_agent_must_be_the_expected_one():
    require(frozenset({EAST}), EAST.upper(), "10.0.0.1:9")
    with pytest.raises(DwcpError) as caught:
        require(frozenset({WEST}), EAST, "10.0.0.1:9")
    assert caught.value.code is ErrorCode.UNAUTHORISED
    assert f"{EAST} was dialled" in caught.value.message
