"""The errors of connections: what broke, with whom, and what to do."""

from __future__ import annotations

from dwcp_runtime.transport.errors import DwcpError, ErrorCode


def closed(peer: str, why: str) -> DwcpError:
    """The typed error `closed`: `peer` is host and port, `why` completes the sentence."""
    return DwcpError(ErrorCode.CLOSED, f"the connection with {peer} {why}")


def timed_out(what: str, seconds: float, advice: str) -> DwcpError:
    """The typed error `timeout`: `what` did not end within `seconds`."""
    return DwcpError(ErrorCode.TIMEOUT, f"{what} took more than {seconds:g} s: {advice}")
