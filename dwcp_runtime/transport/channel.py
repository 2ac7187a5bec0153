"""A connected byte stream between two agents, for gigabytes per second and under flow control.

The caller owns the memory: reads fill a buffer that it gives, writes take a list of buffers, and nothing is
queued in between. What the peer does not read is not read from the disk either.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import fcntl
import os
import select
import socket
import termios
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final, TypeAlias, TypeVar

from dwcp_runtime.transport.channel_error import closed
from dwcp_runtime.transport.in_thread import in_thread

Buffer: TypeAlias = bytes | bytearray | memoryview

T = TypeVar("T")

TURN: Final = 1 << 20
"""Bytes that a channel sends without waiting before it lets other tasks run. A peer that reads as fast as
this end writes would otherwise starve the other streams, the control connection and the timers."""

LINGER: Final = 2.0
"""Seconds that `shut` waits for the peer's end."""

WORTH_WAKING: Final = 1 << 18
"""Bytes that a reader who waits for as many is woken for: a quarter of a block."""

SMALL: Final = 1 << 12
"""Bytes up to which a read is tried before it waits: what it asks for came with what was read before."""

_SCRAP: Final = 1 << 16


class Channel(ABC):
    """One connected TCP socket, plain or TLS. Made by `dial` and `listen`.

    One task may read while another writes; two readers or two writers at once are a mistake of the caller.
    While the channel is lent to a thread nobody else reads or writes. A cancelled `read_some` has taken
    nothing. After a cancelled or failed `read_into` or `send` the place in the stream is lost, and closing is
    all that is left to do.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._credit = TURN
        self._wakes_at = 1
        self._closed = False
        self._borrower: asyncio.Future[Any] | None = None
        self._polls: dict[int, select.poll] = {}
        self.peer = _peer(sock)
        self.bytes_in = 0
        self.bytes_out = 0

    @property
    def sock(self) -> socket.socket:
        """The TCP socket, for its options and TCP_INFO. Reading or writing it breaks the stream."""
        return self._sock

    @property
    def closed(self) -> bool:
        """Whether this end was closed. A peer that went away is noticed by reading or writing."""
        return self._closed

    @property
    @abstractmethod
    def peer_names(self) -> frozenset[str]:
        """DNS names in the peer's verified certificate; none on a plain channel."""

    @abstractmethod
    async def read_some(self, view: memoryview) -> int:
        """Wait for bytes, put up to `len(view)` of them into `view`, and say how many; 0 at the end.

        `view` is writable, of bytes, and not empty. As many bytes must be on their way as it
        takes: of a large one it may wait for all, or for `WORTH_WAKING`. Raises the typed error `closed`
        when the connection broke.
        """

    async def read_into(self, view: memoryview) -> None:
        """Fill the whole of `view`; the typed error `closed` when the stream ends before."""
        have = 0
        while have < len(view):
            count = await self.read_some(view[have:])
            if not count:
                raise closed(self.peer, f"ended {len(view) - have} bytes too early")
            have += count

    @abstractmethod
    async def send(self, *buffers: Buffer) -> None:
        """Hand all bytes of all buffers, in order, to the kernel; waits while the peer reads too slowly.

        The buffers must not change before it returns; then they may be used again.
        Raises the typed error `closed` when the connection broke.
        """

    async def lend(self, threads: Executor, work: Callable[..., T], *arguments: Any) -> T:
        """Run `work(*arguments)` in a thread that alone uses this channel meanwhile, by `read_now` and
        `send_now`: what moves many blocks so need not come back to the event loop with each.

        Cancelled, it closes the channel, whose place in the stream is lost; the thread learns of that as soon
        as it next uses the channel.
        """
        if self._closed:
            raise self._gone()
        running = self._borrower = in_thread(threads, work, *arguments)
        running.add_done_callback(self._given_back)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self.close()
            raise

    def _given_back(self, running: asyncio.Future[Any]) -> None:
        self._borrower = None
        if not running.cancelled():
            # Whoever was cancelled does not ask any more.
            running.exception()
        if self._closed:
            self._sock.close()

    @abstractmethod
    def read_now(self, view: memoryview, patience: float) -> int | None:
        """`read_some` for the thread that has the channel: None when too little came for `patience`
        seconds."""

    @abstractmethod
    def send_now(self, *buffers: Buffer) -> None:
        """`send` for the thread that has the channel: it waits as long as the peer makes it wait."""

    @property
    def waiting(self) -> int:
        """Bytes that have come and that nobody has read yet."""
        count = array.array("i", [0])
        fcntl.ioctl(self._sock, termios.FIONREAD, count)
        return count[0]

    async def shut(self, linger: float = LINGER) -> None:
        """End the stream so that the peer reads everything sent, then close. Raises nothing of its own.

        Closing a socket with unread bytes makes the kernel reset the connection, and a reset may overtake
        what was sent last, such as the reason for the end. Hence bytes that still arrive are read and dropped
        until the peer ends too, at most for `linger` seconds. A task that waits to read gets the typed error
        `closed`. One that is in the middle of sending does too, and then there is no end to send, only a cut;
        so does a thread that has the channel.
        """
        try:
            if self._closed or self._borrower is not None or _waits(self._writer):
                return
            if self._reader is not None and _waits(self._reader):
                self._reader.set_exception(self._gone())
                # It has to give up its place before this task takes it.
                await asyncio.sleep(0)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(linger):
                    await self._farewell()
                    self._sock.shutdown(socket.SHUT_WR)
                    scrap = bytearray(_SCRAP)
                    while await self._receive(memoryview(scrap)):
                        pass
        finally:
            self.close()

    def close(self) -> None:
        """Drop the connection at once. Tasks that wait on it get the typed error `closed`. Repeatable."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._sock.fileno())
        self._loop.remove_writer(self._sock.fileno())
        for waiter in (self._reader, self._writer):
            if waiter is not None and _waits(waiter):
                waiter.set_exception(self._gone())
        if self._borrower is None:
            self._sock.close()
            return
        # The thread would go on with whatever socket gets this one's number next: it is woken, and the socket
        # closed when it has come back.
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    @abstractmethod
    async def _farewell(self) -> None:
        """Send what the protocol says at the end of a stream, before TCP's own end."""

    async def _receive(self, view: memoryview, least: int = 1) -> int:
        """Bytes as they come from TCP into `view`; 0 at the end. `least` are on their way for sure.

        It waits before it reads what is large, also when bytes are there: what arrives meanwhile comes with
        the same call. Over loopback that doubles the rate, and no stream can keep the others from their turn.
        """
        wait = len(view) > SMALL
        while True:
            if wait:
                self._wake_for(view, least)
                await self._readable()
            wait = True
            if (count := self._pull(view)) is not None:
                return count

    def _receive_now(self, view: memoryview, least: int, patience: float) -> int | None:
        """`_receive` for the thread that has the channel; None after `patience` seconds of silence."""
        wait = len(view) > SMALL
        while True:
            if wait:
                self._wake_for(view, least)
                if not self._ready(select.POLLIN, int(patience * 1000)):
                    return None
            wait = True
            if (count := self._pull(view)) is not None:
                return count

    def _pull(self, view: memoryview) -> int | None:
        """Bytes that are there, into `view`; None when there are none."""
        if self._closed:
            raise self._gone()
        try:
            count = self._sock.recv_into(view)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            raise closed(self.peer, f"broke while reading: {reason(error)}") from error
        self.bytes_in += count
        return count

    def _wake_for(self, view: memoryview, least: int) -> None:
        # Of a small frame each byte is a sign of life.
        self._wake_at(min(least, WORTH_WAKING) if len(view) > SMALL else 1)

    def _wake_at(self, least: int) -> None:
        """Let the kernel call the socket readable when `least` bytes are there, when no more fit, or at the
        end."""
        if least != self._wakes_at and not self._closed:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, least)
            self._wakes_at = least

    async def _transmit(self, buffers: list[memoryview]) -> None:
        """All bytes of `buffers`, none of them empty, to TCP. Uses up the list."""
        while buffers:
            count = self._push(buffers)
            if buffers:
                await self._writable()
                self._credit = TURN
                continue
            self._credit -= count
            if self._credit <= 0:
                self._credit = TURN
                await asyncio.sleep(0)

    def _transmit_now(self, buffers: list[memoryview]) -> None:
        """`_transmit` for the thread that has the channel."""
        while buffers:
            self._push(buffers)
            if buffers:
                self._ready(select.POLLOUT, None)

    def _push(self, buffers: list[memoryview]) -> int:
        """As much of `buffers` as the kernel takes now; drops it from the list, and says how much."""
        if self._closed:
            raise self._gone()
        try:
            count = self._sock.sendmsg(buffers[:_IOV])
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise closed(self.peer, f"broke while sending: {reason(error)}") from error
        self.bytes_out += count
        _drop(buffers, count)
        return count

    def _ready(self, event: int, milliseconds: int | None) -> bool:
        """Wait in a thread for what `select.poll` calls `event`, or for the end; False when neither came."""
        poll = self._polls.get(event)
        if poll is None:
            poll = self._polls[event] = select.poll()
            poll.register(self._sock, event)
        return bool(poll.poll(milliseconds))

    async def _readable(self) -> None:
        self._reader = self._loop.create_future()
        await self._woken(self._reader, self._loop.add_reader, self._loop.remove_reader)

    async def _writable(self) -> None:
        self._writer = self._loop.create_future()
        await self._woken(self._writer, self._loop.add_writer, self._loop.remove_writer)

    async def _woken(
        self, waiter: asyncio.Future[None], watch: Callable[..., object], forget: Callable[..., object]
    ) -> None:
        if self._closed:
            raise self._gone()
        number = self._sock.fileno()
        watch(number, _wake, waiter)
        try:
            await waiter
        finally:
            # A closed socket's number may already belong to another one, whose watch must stay.
            if not self._closed:
                forget(number)

    def _gone(self) -> Exception:
        return closed(self.peer, "was closed by this end")


_IOV: Final = 64


def flat(buffers: tuple[Buffer, ...]) -> list[memoryview]:
    """The buffers that hold anything, as views of single bytes."""
    return [memoryview(buffer).cast("B") for buffer in buffers if len(buffer)]


def reason(error: OSError) -> str:
    """What the system says of an error, without the name of a Python class."""
    return (os.strerror(error.errno) if error.errno else str(error) or "unknown error").lower()


def _drop(buffers: list[memoryview], count: int) -> None:
    done = 0
    for buffer in buffers:
        if count < len(buffer):
            break
        count -= len(buffer)
        done += 1
    del buffers[:done]
    if count:
        buffers[0] = buffers[0][count:]


def _waits(waiter: asyncio.Future[None] | None) -> bool:
    return waiter is not None and not waiter.done()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _peer(sock: socket.socket) -> str:
    try:
        name = sock.getpeername()
    except OSError:
        return "a peer that has gone"
    if isinstance(name, tuple):
        host, port = name[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return str(name) or "a local peer"
