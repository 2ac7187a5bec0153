"""The error of a channel that ended, in one place for every kind of channel."""

from __future__ import annotations


class ChannelClosedError(Exception):
    """The stream ended or was cut."""


def closed(peer: str, why: str) -> ChannelClosedError:
    """The typed error `closed`: `peer` is host and port, `why` completes the sentence."""
    return ChannelClosedError(f"connection with {peer} {why}")
