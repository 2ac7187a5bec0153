"""Blocks that a worker thread takes from a socket to the disk, one after another, without the event loop.

A block that goes through the loop costs two changes of thread and a turn of the loop, which is a third of the
CPU time of receiving it. Where the bytes come faster than that, and so lie in the socket already, one thread
keeps the stream for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from dwcp_runtime.transport.block_sink import BlockSink, Stored
from dwcp_runtime.transport.channel import WORTH_WAKING, Channel
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.frame_decoder import BlockArrived, BlockStarted, Event, FrameArrived, FrameDecoder
from dwcp_runtime.transport.frames import Zeros

WORTH: Final = WORTH_WAKING
"""Bytes in the socket from which a thread is worth its while."""

SECONDS: Final = 0.05
"""After which a thread gives the stream back: other streams want it, and the loop wants to count."""

QUIET: Final = 0.002
"""Seconds without bytes after which it does so too."""


@dataclass(kw_only=True, slots=True)
class Received:
    """What a thread did. `event` is a frame that it knows nothing of, `ended` says that the stream did,
    `problem` is the stream's, `broken` the disk's; with either the burst is over."""

    stored: list[Stored] = field(default_factory=list)
    event: Event | None = None
    ended: bool = False
    problem: DwcpError | None = None
    broken: Exception | None = None


def burst(
    channel: Channel,
    decoder: FrameDecoder,
    sink: BlockSink,
    buffer: bytearray,
    *,
    go_on: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
) -> Received:
    """Receive and store until `SECONDS` are over, nothing comes, something else comes, or `go_on` says no.

    `buffer` has room for a block. When it returns in the middle of one, `decoder` still uses `buffer`.
    """
    done = Received()
    until = clock() + SECONDS
    whole = memoryview(buffer)
    try:
        while go_on():
            count = channel.read_now(decoder.wanted(), QUIET)
            if count is None:
                break
            if not count:
                decoder.eof()
                done.ended = True
                break
            match decoder.received(count):
                case None:
                    continue
                case BlockStarted(header=header, body_length=length):
                    sink.judge(header)
                    decoder.provide(whole[:length])
                    continue
                case BlockArrived(header=header, body=body):
                    _store(done, partial(sink.store, header, body))
                case FrameArrived(frame=Zeros() as zeros):
                    sink.judge_zeros(zeros)
                    _store(done, partial(sink.store_zeros, zeros))
                case event:
                    done.event = event
            if done.event is not None or done.broken is not None or clock() >= until:
                break
    except DwcpError as problem:
        done.problem = problem
    return done


def _store(done: Received, work: Callable[[], Stored]) -> None:
    try:
        done.stored.append(work())
    except Exception as problem:
        # Whatever it is: its block would be missing for ever.
        done.broken = problem
