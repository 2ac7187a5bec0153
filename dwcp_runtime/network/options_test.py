import pytest

from charts_py.contract import ports
from dwcp_runtime.network.options import Address, OptionError, insecure_address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:1", Address(host="127.0.0.1", port=1)),
        ("[::1]:65535", Address(host="::1", port=65535)),
        ("*:0", Address(host="", port=0)),
        (":8888", Address(host="", port=8888)),
    ],
)
def test_addresses_are_read_as_people_write_them(text: str, address: Address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "8888", "a:", "a:x", "a:-1", "a:65536", "::1:8888", "[a]:1", "a:" + "9" * 9999]
)
def test_what_is_no_address_is_refused_with_what_is(text: str):
    with pytest.raises(OptionError, match=r"allowed|brackets"):
        parse_address(text)


def test_without_tls_only_the_machine_itself_connects_unless_forced():
    assert insecure_address(None, forced=False) == Address(host="127.0.0.1", port=ports.DWCP_TRANSPORT.number)
    for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9"):
        assert insecure_address(Address(host=host, port=1), forced=False).host == host
    for host in ("", "0.0.0.0", "::", "10.0.0.1", "example.com"):
        with pytest.raises(OptionError, match="--force-insecure"):
            insecure_address(Address(host=host, port=1), forced=False)
        assert insecure_address(Address(host=host, port=1), forced=True).host == host
