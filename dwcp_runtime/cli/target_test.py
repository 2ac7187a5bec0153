import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.cli.target import address, target


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("example.com", "example.com", 8888),
        ("example.com:99", "example.com", 99),
        ("[::1]", "::1", 8888),
        ("[::1]:7", "::1", 7),
        ("127.0.0.1:0", "127.0.0.1", 0),
    ],
)
def test_an_address_is_a_host_and_the_port_of_dwcp_unless_another_is_given(text, host, port):
    found = address(text)

    assert (found.host, found.port) == (host, port)
    assert address(str(found)) == found


@pytest.mark.parametrize(
    "text", ["", ":1", "h:", "h:x", "h:65536", "h:-1", "::1", "[::1", "[::1]x", "[]:1", "h:١"]
)
def test_what_is_no_address_is_refused_with_what_is_allowed(text):
    with pytest.raises(ValueError, match=r"allowed|write an IPv6"):
        address(text)


@pytest.mark.parametrize(
    ("text", "name"), [("h/a", "a"), ("h/a/b", "a/b"), ("h/", "disk.img"), ("h/vm/", "vm/disk.img")]
)
def test_a_target_that_ends_in_a_slash_takes_the_files_own_name(text, name):
    assert target(text, default_name="disk.img")[1] == name


def test_a_target_without_a_name_is_refused():
    with pytest.raises(ValueError, match="names no file"):
        target("example.com", default_name="disk.img")


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_refused(text):
    try:
        found = address(text)
    except ValueError:
        return
    assert 0 <= found.port <= 65535
    assert found.host
