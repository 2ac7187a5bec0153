"""DWCP settings: the shape shared by the fleet file, the CRD, the ConfigMap and the agent's loader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from charts_py.contract.patterns import CIDR, DNS_LABEL, ENDPOINT, REGION_NAME
from charts_py.contract.setting import Rule, setting

CONSENSUS_SIZES = (1, 3, 5, 7, 9, 11)


def quorum(nodes: int) -> int:
    """How many of `nodes` voters must agree: floor(n/2) + 1 (Raft, section 5.1)."""
    return nodes // 2 + 1


@dataclass(frozen=True, kw_only=True)
class Amst:
    """Adaptive multi-stream transport."""

    RULES: ClassVar[tuple[Rule[Amst], ...]] = (
        Rule(
            path=("minStreams",),
            message="minStreams must not exceed maxStreams",
            cel="self.minStreams <= self.maxStreams",
            holds=lambda amst: amst.min_streams <= amst.max_streams,
        ),
    )

    min_streams: int = setting("Streams an agent keeps open.", default=32, minimum=1, maximum=512)
    max_streams: int = setting("Streams an agent opens at most.", default=512, minimum=1, maximum=512)


@dataclass(frozen=True, kw_only=True)
class Hde:
    """Hierarchical data encoding."""

    compression_level: int = setting(
        "Ceiling of the zstd level; the agent chooses below it by link and CPU.",
        default=9,
        minimum=1,
        maximum=19,
    )
    algorithm: Literal["zstd"] = setting("Compression algorithm.", default="zstd")


@dataclass(frozen=True, kw_only=True)
class Acp:
    """Consensus: how many voters a region has."""

    RULES: ClassVar[tuple[Rule[Acp], ...]] = (
        Rule(
            path=("nodes",),
            message="consensus needs an odd number of nodes: an even one survives no more failures",
            cel="self.nodes % 2 == 1",
            holds=lambda acp: acp.nodes % 2 == 1,
        ),
        Rule(
            path=("quorumSize",),
            message="quorumSize follows from nodes: floor(nodes / 2) + 1; leave it out or give that number",
            cel="!has(self.quorumSize) || self.quorumSize == self.nodes / 2 + 1",
            holds=lambda acp: acp.quorum_size in (None, quorum(acp.nodes)),
        ),
    )

    nodes: int = setting("Voters: odd, 1 for development, 3 for staging.", default=5, minimum=1, maximum=11)
    quorum_size: int | None = setting(
        "Voters that must agree.", default=None, minimum=1, maximum=6, default_words="floor(nodes / 2) + 1"
    )
    consensus_engine: Literal["raft"] = setting("Consensus algorithm.", default="raft")

    @property
    def quorum(self) -> int:
        """Voters that must agree."""
        return quorum(self.nodes)


@dataclass(frozen=True, kw_only=True)
class Networking:
    """How an agent uses the network."""

    mtu: int = setting(
        "MTU that the node network is meant to carry, in bytes. The agent probes the path and reports "
        "what it finds; it never changes an interface.",
        default=1500,
        minimum=1280,
        maximum=9216,
    )
    tcp_nodelay: bool = setting("Send small frames at once.", default=True, key="tcp_nodelay")
    host_network: bool = setting(
        "Run in the node's network namespace. Gives up the restricted Pod Security level.", default=False
    )
    rate_limit: int | None = setting(
        "Ceiling of one transfer in bits per second.", default=None, minimum=1_000_000, default_words="none"
    )


@dataclass(frozen=True, kw_only=True)
class Dwcp:
    """Everything about DWCP that users set."""

    enabled: bool = setting("Whether the region runs DWCP agents.", default=True)
    amst: Amst = setting("Transport.", default_factory=Amst)
    hde: Hde = setting("Encoding.", default_factory=Hde)
    acp: Acp = setting("Consensus.", default_factory=Acp)
    networking: Networking = setting("Network use.", default_factory=Networking)


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Another region as an agent sees it."""

    region: str = setting("Name of the region.", pattern=REGION_NAME)
    endpoint: str = setting("host:port of its DWCP gateway.", pattern=ENDPOINT)
    cidrs: tuple[str, ...] = setting("Networks its agents connect from.", default=(), pattern=CIDR)


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """What an agent reads from its ConfigMap: the user's settings that concern it, its place, its peers.

    A running agent takes all of it over when it changes, but for its own environment and region. Voters are
    left out on purpose: they are none of its business.
    """

    environment: str = setting("Environment of the region; peers are of the same one.", pattern=DNS_LABEL)
    region: str = setting("Name of the agent's own region.", pattern=REGION_NAME)
    amst: Amst = setting("Transport.", default_factory=Amst)
    hde: Hde = setting("Encoding.", default_factory=Hde)
    networking: Networking = setting("Network use.", default_factory=Networking)
    peers: tuple[Peer, ...] = setting("The regions to exchange data with.", default=())
