"""What a sender remembers from one session to the next, and counts for its progress."""

from __future__ import annotations

from dwcp_runtime.encoding.block_digest import DIGEST_BYTES
from dwcp_runtime.transport.block_schedule import BlockSchedule
from dwcp_runtime.transport.block_tally import BlockTally
from dwcp_runtime.transport.runs import Run


class SendBook:
    """The schedule, the digests known so far (16 bytes a block) and the counters of one transfer. Bytes."""

    def __init__(self, *, size: int, block_size: int) -> None:
        self.size = size
        self.block_size = block_size
        self.schedule = BlockSchedule(-(-size // block_size))
        self.digests = bytearray(DIGEST_BYTES * self.schedule.count)
        self.durable = 0
        self.resumed = 0
        self.tally = BlockTally()

    @property
    def resent(self) -> int:
        """Bytes of the file sent more than once, the last block counted as a whole one."""
        return self.schedule.resent * self.block_size

    @property
    def duplicated(self) -> int:
        """Bytes of `resent` that were only late: they went by a second stream beside a slow one."""
        return self.schedule.duplicated * self.block_size

    def length(self, index: int, count: int = 1) -> int:
        """Bytes of a run of blocks."""
        return min(self.block_size * count, self.size - index * self.block_size)

    def confirm(self, run: Run) -> int:
        """Blocks that the receiver has on disk; how many bytes of them are news."""
        start, count = run
        news = 0
        for index in range(start, start + count):
            if self.schedule.durable(index):
                news += self.length(index)
        self.durable += news
        return news

    def disown(self, told: bytes | bytearray) -> None:
        """The receiver has exactly the blocks whose byte in `told` is not 0: what it had and lost goes again,
        as after a crash of a machine whose disk had promised too much."""
        if told.count(0) + self.schedule.durable_count == self.schedule.count:
            return
        for index, known in enumerate(told):
            if not known and self.schedule.lost(index):
                self.durable -= self.length(index)

    def digest(self, index: int) -> bytes | None:
        """The digest of a block, or None while it was never read."""
        found = bytes(self.digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES])
        return found if any(found) else None

    def learn(self, index: int, found: bytes) -> None:
        """Remember the digest of a block."""
        self.digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES] = found
