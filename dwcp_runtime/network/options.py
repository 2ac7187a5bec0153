"""Where an agent listens and finds its files. What users set for a region is in its configuration instead."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from charts_py.contract import commands, lifetimes, ports


class OptionError(Exception):
    """An option that cannot be. The text says what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where to listen: `host` is empty for every address of the machine, `port` 0 for any free one."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether nobody but the machine itself reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host or '*'}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Options:
    """How one agent is started. `tls`: folder of its certificates, None is no TLS. `grace`: seconds."""

    config: Path
    listen: Address = Address(host="", port=ports.DWCP_TRANSPORT.number)
    admin: Address = Address(host="", port=ports.DWCP_ADMIN.number)
    tls: Path | None = Path(commands.TLS_MOUNT)
    data: Path = Path(commands.DATA_MOUNT)
    token_file: Path | None = None
    grace: float = float(lifetimes.AGENT_DRAIN_SECONDS)


def parse_address(text: str) -> Address:
    """`host:port`, `[v6]:port`, `*:port` or `:port`. Raises OptionError."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isascii() or not port.isdigit() or int(port[:6]) > 65535:
        raise OptionError(f"{text!r} is no address; allowed: HOST:PORT, [V6]:PORT or *:PORT, port 0 to 65535")
    if (":" in host) != ("[" in text):
        raise OptionError(f"{text!r} is no address; an IPv6 address stands in brackets: [::1]:8888")
    return Address(host="" if host == "*" else host, port=int(port))


def insecure_address(given: Address | None, *, forced: bool) -> Address:
    """Where an agent without TLS listens: loopback, unless it is forced. Raises OptionError."""
    address = given or Address(host="127.0.0.1", port=ports.DWCP_TRANSPORT.number)
    if not address.loopback and not forced:
        raise OptionError(
            f"--insecure would let anybody who reaches {address} write files here; allowed: a loopback "
            "address, certificates (--tls DIR), or --force-insecure on a network that is protected otherwise"
        )
    return address
