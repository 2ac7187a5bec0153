"""How one agent of consensus is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from charts_py.contract import commands
from dwcp_runtime.consensus import peer_map
from dwcp_runtime.consensus.lease_grant import ApiServer
from dwcp_runtime.consensus.peer_map import PeerAddress, PeerMap, PeerMapError

EVERYWHERE: Final = "0.0.0.0"


class OptionError(Exception):
    """Options that can't be. The text says what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """`me` is one of `peers`. `tls`: folder of certificates, None without. `grant`: the file that founds a
    group by hand; `namespace`, `api_server`: where the Lease for that lies in Kubernetes. `tools`: folder of
    etcd and etcdutl, None for PATH. `synced`: whether etcd waits for its disk; only tests do without."""

    me: PeerAddress
    peers: PeerMap
    data: Path = Path(commands.DATA_MOUNT)
    tls: Path | None = Path(commands.TLS_MOUNT)
    grant: Path | None = None
    namespace: str | None = None
    api_server: ApiServer | None = None
    tools: Path | None = None
    synced: bool = True

    @property
    def listen(self) -> str:
        """The host to listen on: the own one where it is an address, else every one of the machine."""
        return peer_map.bracketed(self.me.host) if self.me.address is not None else EVERYWHERE

    @property
    def own_url(self) -> str:
        """The own member's client URL as the agent uses it, without asking a name service."""
        host = self.me.host if self.me.address is not None else "127.0.0.1"
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://{peer_map.bracketed(host)}:{self.me.client_port}"


def placed(
    *, name: str | None, peers: str | None, environment: Mapping[str, str]
) -> tuple[PeerAddress, PeerMap]:
    """Who the agent is and where its peers are: by its options, or else by what Kubernetes tells a pod.
    Raises OptionError."""
    name = name or environment.get(commands.POD_NAME_VARIABLE)
    namespace = environment.get(commands.POD_NAMESPACE_VARIABLE)
    if not name:
        raise OptionError(f"which member is this? Give --name or set {commands.POD_NAME_VARIABLE}")
    if peer_map.ordinal_of(name) is None:
        raise OptionError(
            f"--name {name!r} has no ordinal; allowed: a name that ends in -N, such as consensus-0"
        )
    if not peers and not namespace:
        raise OptionError(
            f"where are the members? Give --peers PATTERN or set {commands.POD_NAMESPACE_VARIABLE}"
        )
    try:
        found = peer_map.parse(peers) if peers else peer_map.in_namespace(namespace or "")
    except PeerMapError as error:
        raise OptionError(f"--peers {error}") from error
    me = found.by_name(name)
    if me is None:
        known = ", ".join(peer.name for peer in found.members[:3])
        raise OptionError(f"--name {name!r} is none of the members; they are {known}, ...")
    return me, found


def check_insecure(options: Options, *, forced: bool) -> None:
    """Refuse a member without TLS that others could reach. Raises OptionError."""
    if options.tls is None and not options.me.loopback and not forced:
        raise OptionError(
            f"--insecure would let anybody who reaches {options.me.host} change the group; allowed: loopback "
            "addresses, certificates (--tls DIR), or --force-insecure on a protected network"
        )
