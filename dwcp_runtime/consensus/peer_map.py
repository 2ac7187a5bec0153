"""Where the members of a group are: a pure map from ordinals to names and addresses.

Members are numbered from 0, as the pods of a StatefulSet are. The pattern of `--peers` gives all of them.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from charts_py.contract import certificates, names, ports
from charts_py.contract.dwcp import CONSENSUS_SIZES

MOST_MEMBERS: Final = CONSENSUS_SIZES[-1]
LISTED: Final = 2 * MOST_MEMBERS
"""Ordinals that are looked for: more pods than members may appear, and they wait."""

_HOLE: Final = re.compile(r"\{i(?:\*(\d{1,5}))?(?:\+(\d{1,5}))?\}")
_ORDINAL: Final = re.compile(r"(?a:^(.*)-(\d{1,4})$)")
_FORM: Final = "NAME-{i}=HOST[:PEER[:CLIENT[:HTTP[:METRICS]]]]"
_PORTS: Final = (ports.ETCD_PEER, ports.ETCD_CLIENT, ports.CONSENSUS_HTTP, ports.CONSENSUS_METRICS)


class PeerMapError(Exception):
    """A pattern that gives no members. The text says what is allowed."""


@dataclass(frozen=True, kw_only=True)
class PeerAddress:
    """One member: its name, the host that others reach it at, its ports."""

    name: str
    ordinal: int
    host: str
    peer_port: int
    client_port: int
    http_port: int
    metrics_port: int

    @property
    def loopback(self) -> bool:
        """Whether nobody but its own machine reaches it."""
        address = self.address
        return self.host == "localhost" or (address is not None and address.is_loopback)

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The host as an address; None for a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    def url(self, port: int, *, tls: bool) -> str:
        """The URL of one of its ports."""
        return f"{'https' if tls else 'http'}://{bracketed(self.host)}:{port}"

    def peer_url(self, *, tls: bool) -> str:
        """Where other members send Raft's messages."""
        return self.url(self.peer_port, tls=tls)

    def client_url(self, *, tls: bool) -> str:
        """Where its etcd serves clients."""
        return self.url(self.client_port, tls=tls)

    @property
    def http_url(self) -> str:
        """Where its agent serves its API."""
        return self.url(self.http_port, tls=False)


@dataclass(frozen=True, kw_only=True)
class PeerMap:
    """All members that there may be, by ordinal."""

    members: tuple[PeerAddress, ...]

    def by_name(self, name: str) -> PeerAddress | None:
        """The member of that name."""
        return next((member for member in self.members if member.name == name), None)

    def ordinal_of_url(self, peer_url: str) -> int | None:
        """The ordinal of the member whose peer URL this is."""
        bare = peer_url.partition("://")[2]
        for member in self.members:
            if bare == f"{bracketed(member.host)}:{member.peer_port}":
                return member.ordinal
        return None


def ordinal_of(name: str) -> int | None:
    """The number at the end of a pod's name; None where there is none."""
    found = _ORDINAL.match(name)
    return int(found[2]) if found else None


def bracketed(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def parse(pattern: str, *, count: int = LISTED) -> PeerMap:
    """The members of a pattern such as `a-{i}=127.0.0.1:{i*10+42380}:{i*10+42379}`.

    `{i}` is the ordinal; `{i+N}`, `{i*M}` and `{i*M+N}` count with it. Ports that are left out are the
    contract's. Raises PeerMapError.
    """
    if _HOLE.search(pattern.partition("=")[0]) is None:
        raise PeerMapError(f"{pattern!r} numbers no members; allowed: {_FORM}, where {{i}} is the ordinal")
    members = []
    for ordinal in range(count):
        members.append(_member(_filled(pattern, ordinal), ordinal, pattern))
    seen: dict[tuple[str, int], str] = {}
    for member in members:
        for port in (member.peer_port, member.client_port, member.http_port, member.metrics_port):
            other = seen.setdefault((member.host, port), member.name)
            if other != member.name:
                raise PeerMapError(
                    f"{pattern!r} gives {member.host}:{port} to {other} and to {member.name}; "
                    "number the hosts or the ports, such as 127.0.0.1:{i*10+42380}"
                )
            if [member.peer_port, member.client_port, member.http_port, member.metrics_port].count(port) > 1:
                raise PeerMapError(f"{pattern!r} gives {member.name} port {port} twice; give each its own")
    return PeerMap(members=tuple(members))


def in_namespace(namespace: str) -> PeerMap:
    """The pods of the StatefulSet, by the names that their headless Service gives them."""
    service = f"{names.CONSENSUS_HEADLESS}.{namespace}.svc.{certificates.CLUSTER_DOMAIN}"
    return parse(f"{names.CONSENSUS}-{{i}}={names.CONSENSUS}-{{i}}.{service}")


def _filled(pattern: str, ordinal: int) -> str:
    return _HOLE.sub(lambda hole: str(ordinal * int(hole[1] or 1) + int(hole[2] or 0)), pattern)


def _member(text: str, ordinal: int, pattern: str) -> PeerAddress:
    name, equals, where = text.partition("=")
    if where.startswith("["):
        host, bracket, rest = where[1:].partition("]")
    else:
        host, colon, rest = where.partition(":")
        bracket, rest = "]", colon + rest
    numbers = rest.split(":")[1:]
    if (
        not equals
        or not bracket
        or not re.fullmatch(r"[A-Za-z0-9._-]+", name)
        or not re.fullmatch(r"[A-Za-z0-9.:_-]+", host)
        or (rest and not rest.startswith(":"))
        or len(numbers) > len(_PORTS)
        or not all(re.fullmatch(r"(?a:\d{1,5})", each) and 0 < int(each) < 65536 for each in numbers)
    ):
        raise PeerMapError(
            f"{pattern!r} gives {text!r}, which is no member; allowed: {_FORM}, ports 1 to 65535"
        )
    if ordinal_of(name) != ordinal:
        raise PeerMapError(f"{pattern!r} names member {ordinal} {name!r}; its name must end in -{ordinal}")
    given = [int(each) for each in numbers]
    peer, client, http, metrics = given + [port.number for port in _PORTS[len(given) :]]
    return PeerAddress(
        name=name,
        ordinal=ordinal,
        host=host,
        peer_port=peer,
        client_port=client,
        http_port=http,
        metrics_port=metrics,
    )
