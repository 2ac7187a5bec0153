"""What a transfer tells of itself while it runs and when it ended: one shape for the progress bar, `--json`,
the admin API and the metrics."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final


class Limit(StrEnum):
    """What keeps a transfer from being faster. Every moment of a transfer belongs to one of them."""

    LINK = "link"
    RECEIVER_WINDOW = "receiver-window"
    SEND_BUFFER = "send-buffer"
    CPU = "cpu"
    DISK_SOURCE = "disk-source"
    DISK_SINK = "disk-sink"
    ENCODER = "encoder"


class State(StrEnum):
    """Where a transfer stands."""

    CONNECTING = "connecting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL: Final = frozenset({State.DONE, State.FAILED, State.CANCELLED})
"""The states that a transfer does not leave."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A transfer at one moment. Sizes are bytes, times seconds, rates bytes per second.

    `durable` counts bytes of the file that the receiver has on disk, `resumed` those that were there before
    this run, `wire` the bytes of frames sent before TLS, `resent` bytes of the file sent more than once in
    this run, `duplicated` those of them that were not lost but late: at the end, what a slow stream still has
    goes by another one too. `blocks` counts blocks by codec (`zero`, `raw`, `zstd`, `prefix`, `pages`),
    `block_file` and `block_wire` the bytes of the file that those stand for and the bytes that they take on
    the wire.
    `streams` are data connections now, none once a transfer has ended, `most_streams` the most there were at
    one time.
    `encoding_failures` counts blocks that could not be encoded, or whose check failed at the receiver, and
    went as they are. `direction` is `out` where this end sends the file, else `in`. `error` and `code` say
    why it failed, and while it is connecting why it has to.
    """

    transfer: str
    name: str
    peer: str
    direction: str
    state: State
    size: int = 0
    durable: int = 0
    resumed: int = 0
    wire: int = 0
    resent: int = 0
    duplicated: int = 0
    elapsed: float = 0.0
    rate: float = 0.0
    streams: int = 0
    most_streams: int = 0
    rtt: float = 0.0
    retransmits: int = 0
    congestion: str = ""
    limit: Limit | None = None
    limited: dict[str, float] = field(default_factory=dict)
    blocks: dict[str, int] = field(default_factory=dict)
    block_file: dict[str, int] = field(default_factory=dict)
    block_wire: dict[str, int] = field(default_factory=dict)
    encoding_failures: int = 0
    level: int | None = None
    error: str | None = None
    code: str | None = None

    @property
    def ratio(self) -> float:
        """Bytes of the file made durable in this run for each byte sent; 0.0 before anything was sent."""
        return (self.durable - self.resumed) / self.wire if self.wire else 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain values under the names of the fields, and `ratio`."""
        return {**asdict(self), "ratio": round(self.ratio, 4)}
