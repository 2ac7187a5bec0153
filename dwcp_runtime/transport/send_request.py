"""What a caller asks of a sender."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dwcp_runtime.transport.capabilities import Offer
from dwcp_runtime.transport.limits import DEFAULT_BLOCK


@dataclass(frozen=True, kw_only=True)
class SendRequest:
    """What to send and how.

    `streams` are the fewest and the most data connections, `level` is the ceiling of the zstd level (0 sends
    everything raw), `rate_limit` is in bits per second for the whole transfer. `baseline` is an older version
    that the receiver may have too. Lost connections are tried again until nothing moved for `patience`
    seconds.
    """

    path: Path
    name: str
    peer: str
    streams: tuple[int, int] = (1, 64)
    level: int = 9
    rate_limit: int | None = None
    block_size: int = DEFAULT_BLOCK
    baseline: Path | None = None
    congestion: str = "bbr"
    patience: float = 60.0
    offer: Offer = field(default_factory=Offer)
