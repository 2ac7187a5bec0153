"""What can go wrong between the agent and an etcd member, by what the caller may conclude from it."""

from __future__ import annotations

from typing import Final

_ABORTED_ON_THE_WAY: Final = frozenset({1, 2, 4, 13, 14})
"""gRPC's cancelled, unknown, deadline exceeded, internal and unavailable. etcd answers a proposal that it has
made and lost sight of by one of them."""

_NEVER_PROPOSED: Final = frozenset({"etcdserver: not leader", "etcdserver: server stopped"})


class GatewayError(Exception):
    """A request to a member failed. `outcome_unknown`: whether what it asked may have taken effect all the
    same, or may still do so."""

    outcome_unknown: bool = False


class UnreachableError(GatewayError):
    """No connection: the request was never sent."""


class NoAnswerError(GatewayError):
    """The request was sent, and no whole answer came in time."""

    outcome_unknown = True


class RejectedError(GatewayError):
    """etcd refused. `code` is gRPC's, `message` etcd's own words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.outcome_unknown = code in _ABORTED_ON_THE_WAY and message not in _NEVER_PROPOSED


class CompactedError(RejectedError):
    """The revision asked for is no longer kept. `oldest`: the first that is, 0 where etcd doesn't say."""

    def __init__(self, message: str, oldest: int) -> None:
        super().__init__(11, message)
        self.oldest = oldest
