"""Who may start and cancel transfers over the admin port. Pure: what a request says in, a refusal out.

The port has to answer the kubelet's probes and Prometheus, so it listens on the pod's address. What only
looks, anybody may ask whom the network policies let through: the API, the operator and Prometheus. Starting
and cancelling moves data out of the region, and two of those three have no business doing it; besides, in
host mode no network policy holds. Hence:

- without a token file only the loopback addresses 127.0.0.1 and ::1 may. That is `kubectl exec` and
  `kubectl port-forward`, both held by the cluster's RBAC, or a shell on the machine. A sidecar hands on what
  comes from outside as 127.0.0.6, which is therefore no loopback here;
- in host mode loopback belongs to every process of the node, so that without a token file nobody may;
- with a token file, whoever presents its content as `Authorization: Bearer`, from wherever, and nobody else.

A browser on the machine is kept out in every case: it says on behalf of which page it asks.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

SHORTEST_TOKEN: Final = 16
"""Characters below which a token can be guessed."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a request is not served, as status, reason and what would be."""

    status: HTTPStatus
    error: str
    allowed: str


@dataclass(frozen=True, kw_only=True)
class Access:
    """The rule of one moment. `token`: what must be presented, None without a token file."""

    token: str | None = None
    host_network: bool = False

    def __repr__(self) -> str:
        return f"Access(token={'set' if self.token else None}, host_network={self.host_network})"

    def refusal(self, *, remote: str | None, authorization: str | None, origin: str | None) -> Refusal | None:
        """None for a request that may change something. `remote` is the address it comes from, the others are
        its headers of those names."""
        if origin is not None:
            return Refusal(
                status=HTTPStatus.FORBIDDEN,
                error="web pages may not start or cancel transfers",
                allowed="requests without an Origin header",
            )
        if self.token is not None:
            scheme, _, given = (authorization or "").partition(" ")
            # A comparison that ends at the first difference would tell how much of a guess was right.
            same = hmac.compare_digest(given.strip().encode(errors="replace"), self.token.encode())
            if scheme.lower() == "bearer" and same:
                return None
            return Refusal(
                status=HTTPStatus.UNAUTHORIZED,
                error="starting and cancelling needs the agent's token",
                allowed="Authorization: Bearer TOKEN, with the content of the agent's token file",
            )
        if self.host_network:
            return Refusal(
                status=HTTPStatus.FORBIDDEN,
                error="in host mode every process of the node reaches this port",
                allowed="an agent that was started with --token-file",
            )
        if remote in _LOOPBACK:
            return None
        return Refusal(
            status=HTTPStatus.FORBIDDEN,
            error="starting and cancelling is for the agent's own machine",
            allowed="requests from 127.0.0.1, as through kubectl port-forward; or --token-file",
        )
