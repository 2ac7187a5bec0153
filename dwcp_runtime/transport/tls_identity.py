"""Who a peer is: the DNS names in its certificate, compared exactly, whatever address it has.

Agents are known by `agent_name(environment, region)` of the contract. A wildcard in a certificate is a name
like any other here: it matches nothing but itself, because an agent that may be anybody is nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dwcp_runtime.transport.errors import DwcpError, ErrorCode

_SHOWN = 4


def dns_names(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """The DNS names of a certificate as `SSLObject.getpeercert` gives it, in lower case; none without one."""
    entries = (certificate or {}).get("subjectAltName", ())
    return frozenset(value.lower() for kind, value in entries if kind == "DNS")


def authorise(names: frozenset[str], allowed: Iterable[str], peer: str) -> str:
    """The name by which a peer with a verified certificate may come in.

    `names` are those of its certificate, `allowed` the names that may, `peer` its address for the message.
    Raises `unauthorised` for a stranger. If several names are allowed, the first in order of `allowed`.
    """
    wanted = [name.lower() for name in allowed]
    for name in wanted:
        if name in names:
            return name
    raise DwcpError(
        ErrorCode.UNAUTHORISED,
        f"{peer} has a valid certificate for {_shown(names)}, but allowed here are {_shown(wanted)}: "
        "add the peer's region to the peers of this agent, or give it a certificate with its agent name",
    )


def require(names: frozenset[str], expected: str, peer: str) -> None:
    """Raise `unauthorised` unless the peer that was dialled is `expected`, by its certificate's `names`."""
    if expected.lower() not in names:
        raise DwcpError(
            ErrorCode.UNAUTHORISED,
            f"{peer} has a valid certificate for {_shown(names)}, but {expected} was dialled: "
            "the endpoint of that peer leads to another agent; correct the endpoint or its certificate",
        )


def _shown(names: Iterable[str]) -> str:
    ordered = sorted(names)
    if not ordered:
        return "no DNS name"
    more = len(ordered) - _SHOWN
    return ", ".join(ordered[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
