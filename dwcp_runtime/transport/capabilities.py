"""What two agents may use with each other: the smaller set of both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from dwcp_runtime.transport import limits


class Capability(IntFlag):
    """Optional parts of the protocol, as bits of HELLO. A bit never changes its meaning."""

    ZSTD = 1
    PREFIX = 2
    REFERENCES = 4
    SPARSE = 8


ALL: Final = Capability.ZSTD | Capability.PREFIX | Capability.REFERENCES | Capability.SPARSE
NONE: Final = Capability(0)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What one side is able and willing to do: largest block in bytes, most data streams of a transfer."""

    capabilities: Capability = ALL
    max_block: int = limits.MAX_BLOCK
    max_streams: int = limits.MAX_STREAMS
    agent: str = ""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What both sides may do; equal on both."""

    capabilities: Capability
    max_block: int
    max_streams: int


def agree(mine: Offer, theirs: Offer) -> Agreement:
    """The intersection of capabilities and the minimum of numbers; bits nobody here knows are dropped."""
    return Agreement(
        capabilities=mine.capabilities & theirs.capabilities & ALL,
        max_block=min(mine.max_block, theirs.max_block),
        max_streams=min(mine.max_streams, theirs.max_streams),
    )
