"""Where to send: `host[:port]/NAME`."""

from __future__ import annotations

from dataclasses import dataclass

from charts_py.contract import ports


@dataclass(frozen=True, kw_only=True)
class Address:
    """A host, by name or number, and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: str) -> Address:
    """`host`, `host:port`, `[v6]` or `[v6]:port`; the port of DWCP if none is given. ValueError says what is
    allowed."""
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        if not closing or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is no address; allowed: host, host:port, [IPv6] or [IPv6]:port")
        number = rest[1:] or None
    else:
        host, colon, after = text.partition(":")
        if ":" in after:
            raise ValueError(f"{text!r} has several colons; write an IPv6 address as [{text}]")
        number = after if colon else None
    if number is None:
        number = str(ports.DWCP_TRANSPORT.number)
    if not host or not number.isascii() or not number.isdigit() or not 0 <= int(number) <= 65535:
        raise ValueError(f"{text!r} is no address; allowed: host, host:port, [IPv6] or [IPv6]:port")
    return Address(host=host, port=int(number))


def target(text: str, *, default_name: str) -> tuple[Address, str]:
    """The address and the name to store under. A target that ends in `/` takes the default name below it."""
    where, slash, name = text.partition("/")
    if not slash:
        raise ValueError(
            f"{text!r} names no file; allowed: host[:port]/NAME, or host[:port]/ for {default_name!r}"
        )
    if not name or name.endswith("/"):
        name += default_name
    return address(where), name
