"""Which block goes next, which are on their way, which are safe: the sender's book, without I/O.

A block is *pending* until it is *taken* to be encoded, *sent* from the moment a stream begins with it until
the receiver has it on disk, then *durable*. When a stream dies, what it had sent may or may not have arrived:
those blocks are *doubtful* and go again only if the receiver does not report them within `doubt` seconds, so
that a cut costs the bytes that were really lost.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

_PENDING, _TAKEN, _SENT, _DURABLE = range(4)


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A stream that died, the blocks it had not seen confirmed, and when they go again."""

    due: float
    blocks: tuple[int, ...]


class BlockSchedule:
    """The state of `count` blocks. Memory: three bytes a block, and the blocks on their way."""

    def __init__(self, count: int, *, doubt: float = 1.0) -> None:
        self.count = count
        self.doubt = doubt
        self.durable_count = 0
        self.resent = 0
        """Blocks sent more than once."""
        self.duplicated = 0
        """Those of them that nobody had lost: `duplicate` made them pending."""
        self._state = bytearray(count)
        self._next = 0
        self._again: list[int] = []
        self._ever_sent = bytearray(count)
        self._duplicated = bytearray(count)
        self._late: set[int] = set()
        # In the order in which they were sent.
        self._by_stream: dict[int, dict[int, None]] = {}
        self._stream_of: dict[int, int] = {}
        self._cuts: list[Cut] = []
        # The blocks of all cuts that are still in doubt: a cut keeps those that were reported meanwhile.
        self._doubtful: set[int] = set()

    @property
    def done(self) -> bool:
        """Whether every block is durable."""
        return self.durable_count == self.count

    @property
    def unconfirmed(self) -> int:
        """Blocks that a stream took and that are not durable yet."""
        return len(self._stream_of) + len(self._doubtful)

    def is_durable(self, index: int) -> bool:
        """Whether the receiver has the block on disk."""
        return self._state[index] == _DURABLE

    def is_pending(self, index: int) -> bool:
        """Whether the block waits to be taken."""
        return self._state[index] == _PENDING

    def oldest(self, stream: int) -> int | None:
        """Of the blocks that a stream sent and that are not durable, the one it sent first."""
        return next(iter(self._by_stream.get(stream, ())), None)

    def was_sent(self, index: int) -> bool:
        """Whether a stream ever began with the block."""
        return bool(self._ever_sent[index])

    def take(self) -> int | None:
        """The next block to send, the lowest of those that go again first; None while there is none."""
        while self._again:
            index = heapq.heappop(self._again)
            if self._state[index] == _PENDING:
                self._state[index] = _TAKEN
                return index
        index = self._state.find(_PENDING, self._next)
        if index < 0:
            self._next = self.count
            return None
        self._next = index + 1
        self._state[index] = _TAKEN
        return index

    def give_back(self, index: int) -> None:
        """A taken block that nobody began to send is pending again."""
        if self._state[index] == _TAKEN:
            self._requeue(index)

    def take_run(self, start: int, count: int) -> list[tuple[int, int]]:
        """Take those blocks of a range that are pending, as runs."""
        taken: list[tuple[int, int]] = []
        position, end = start, start + count
        while (first := self._state.find(_PENDING, position, end)) >= 0:
            position = first
            while position < end and self._state[position] == _PENDING:
                self._state[position] = _TAKEN
                position += 1
            taken.append((first, position - first))
        return taken

    def sending(self, stream: int, start: int, count: int = 1) -> int:
        """A stream begins to send taken blocks. How many of them were sent before."""
        again = 0
        for index in range(start, start + count):
            if self._state[index] == _DURABLE:
                continue
            self._state[index] = _SENT
            again += self._ever_sent[index]
            if index in self._late:
                self._late.remove(index)
                self.duplicated += 1
            self._ever_sent[index] = 1
            self._stream_of[index] = stream
            self._by_stream.setdefault(stream, {})[index] = None
        self.resent += again
        return again

    def durable(self, start: int, count: int = 1) -> int:
        """The receiver has these blocks on disk. How many of them are news."""
        news = 0
        for index in range(start, start + count):
            if self._state[index] != _DURABLE:
                self._state[index] = _DURABLE
                self._late.discard(index)
                self._forget(index)
                news += 1
        self.durable_count += news
        return news

    def resend(self, index: int) -> bool:
        """What was sent of this block is of no use: send it again. False if it is not on its way: durable by
        now, or about to be sent again anyway."""
        if self._state[index] != _SENT:
            return False
        self._forget(index)
        self._requeue(index)
        return True

    @property
    def pending(self) -> bool:
        """Whether a block waits to be taken, or was taken and is on no stream yet."""
        return self.durable_count + self.unconfirmed < self.count

    def duplicate(self, stream: int) -> int:
        """Make pending what a stream has sent and nobody confirmed, though it may still arrive; each block
        once. How many."""
        blocks = [index for index in self._by_stream.get(stream, ()) if not self._duplicated[index]]
        for index in blocks:
            self._duplicated[index] = 1
            self._late.add(index)
            self._forget(index)
            self._requeue(index)
        return len(blocks)

    def stream_lost(self, stream: int, now: float, *, doubt: float | None = None) -> None:
        """A stream is gone: what it sent goes again unless the receiver reports it within `doubt` seconds."""
        blocks = self._by_stream.pop(stream, {})
        for index in blocks:
            del self._stream_of[index]
        self._doubtful.update(blocks)
        if blocks:
            self._cuts.append(
                Cut(due=now + (self.doubt if doubt is None else doubt), blocks=tuple(sorted(blocks)))
            )

    def connection_lost(self) -> None:
        """Everything is gone and the receiver will say what it has: all that is not durable is pending."""
        for stream in list(self._by_stream):
            self.stream_lost(stream, 0.0)
        self.overdue(float("inf"))
        self._late.clear()
        taken = -1
        while (taken := self._state.find(_TAKEN, taken + 1)) >= 0:
            self._requeue(taken)

    def lost(self, index: int) -> bool:
        """The receiver does not have this block any more. False if nobody thought that it had."""
        if self._state[index] != _DURABLE:
            return False
        self.durable_count -= 1
        self._requeue(index)
        return True

    def overdue(self, now: float) -> int:
        """Make doubtful blocks pending whose time has come. How many."""
        ready = [cut for cut in self._cuts if cut.due <= now]
        self._cuts = [cut for cut in self._cuts if cut.due > now]
        return sum(self._return(cut.blocks) for cut in ready)

    def _return(self, blocks: Iterable[int]) -> int:
        back = 0
        for index in blocks:
            if index in self._doubtful:
                self._doubtful.remove(index)
                self._requeue(index)
                back += 1
        return back

    def _requeue(self, index: int) -> None:
        self._state[index] = _PENDING
        heapq.heappush(self._again, index)

    def _forget(self, index: int) -> None:
        self._doubtful.discard(index)
        stream = self._stream_of.pop(index, None)
        if stream is not None:
            self._by_stream[stream].pop(index, None)
