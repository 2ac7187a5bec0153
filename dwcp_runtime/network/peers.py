"""Who an agent talks with: the allow list, and by which name each region's agents prove themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

from charts_py.contract.certificates import agent_name
from charts_py.contract.dwcp import AgentConfig, Peer


class UnknownPeerError(Exception):
    """A region that is not among the configured peers. The text says which are."""


@dataclass(frozen=True, kw_only=True)
class Peers:
    """The peers of one configuration. `names` maps the DNS name in a certificate to its region."""

    own_name: str
    by_region: dict[str, Peer] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config: AgentConfig) -> Peers:
        """The allow list that a configuration says."""
        return cls(
            own_name=agent_name(config.environment, config.region),
            by_region={peer.region: peer for peer in config.peers},
            names={agent_name(config.environment, peer.region): peer.region for peer in config.peers},
        )

    @property
    def allowed(self) -> frozenset[str]:
        """DNS names that a peer's certificate must have one of."""
        return frozenset(self.names)

    def get(self, region: str) -> Peer:
        """The peer of a region. Raises UnknownPeerError."""
        try:
            return self.by_region[region]
        except KeyError:
            known = ", ".join(sorted(self.by_region)) or "none; the configuration has no peers"
            raise UnknownPeerError(f"no peer {region!r}; allowed: {known}") from None

    def expected_names(self, endpoint: str) -> frozenset[str]:
        """The names that whoever answers at `endpoint` may have: its own region's for a configured endpoint,
        any peer's for another."""
        configured = {
            name for name, region in self.names.items() if self.by_region[region].endpoint == endpoint
        }
        return frozenset(configured) or self.allowed
