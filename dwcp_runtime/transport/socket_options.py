"""What is asked of the kernel for a connection, and what it really gave."""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SO_MAX_PACING_RATE: Final = 47
"""From Linux's asm-generic/socket.h; Python has no name for it."""

_UNLIMITED: Final = (1 << 64) - 1

UNSENT: Final = 1 << 20
"""Bytes that the kernel may hold before they are sent (TCP_NOTSENT_LOWAT). It asks for more when half is
left: 4 ms of a gigabit per second, which covers the event loop's own delays, while a block is still taken
late."""


@dataclass(frozen=True, kw_only=True)
class SocketPlan:
    """What to ask for. Sizes in bytes, `pacing` in bytes per second; None leaves it to the kernel.

    `congestion` are names of congestion controls, the first that the kernel has and allows is taken.
    """

    nodelay: bool = True
    congestion: tuple[str, ...] = ("bbr",)
    pacing: int | None = None
    send_buffer: int | None = None
    receive_buffer: int | None = None
    unsent: int = UNSENT


@dataclass(frozen=True, kw_only=True)
class SocketFacts:
    """What a socket has, read back. Buffers are as the kernel counts them, overhead included.

    `pacing` is bytes per second, None when unlimited or unknown; `congestion` is empty where unknown.
    """

    nodelay: bool
    congestion: str
    pacing: int | None
    send_buffer: int
    receive_buffer: int


@dataclass(frozen=True, kw_only=True)
class BufferCeilings:
    """The most that the kernel's own tuning gives to a socket, in bytes (tcp_rmem and tcp_wmem, maximum)."""

    receive: int
    send: int


def pacing_share(bits_per_second: int | None, streams: int) -> int | None:
    """Bytes per second for each of `streams` (at least 1) under a limit for all of them; None without one."""
    return None if bits_per_second is None else max(1, bits_per_second // 8 // max(1, streams))


def buffer_for(bytes_per_second: float, rtt: float, ceiling: int) -> int | None:
    """The size to ask for so that one stream can carry `bytes_per_second` over `rtt` seconds, or None.

    Twice the bandwidth-delay product: lost bytes stay in the buffer for another round trip. Asking for a
    size ends the kernel's own tuning, so there is none to ask for as long as tuning may reach it.
    """
    product = int(2 * bytes_per_second * rtt)
    return product if product > ceiling else None


def buffer_ceilings(folder: Path = Path("/proc/sys/net/ipv4")) -> BufferCeilings:
    """From the kernel's settings; 0 where they cannot be read."""
    return BufferCeilings(receive=_maximum(folder / "tcp_rmem"), send=_maximum(folder / "tcp_wmem"))


def apply(sock: socket.socket, plan: SocketPlan) -> SocketFacts:
    """Ask for everything in `plan` and say what came of it. Never fails for what the kernel does not have.

    Buffers count only when asked for before the connection is made: the window's scale is agreed then.
    """
    _ask(sock, socket.IPPROTO_TCP, socket.TCP_NODELAY, int(plan.nodelay))
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        _ask(sock, socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, plan.unsent)
    if hasattr(socket, "TCP_CONGESTION"):
        for name in plan.congestion:
            if _ask(sock, socket.IPPROTO_TCP, socket.TCP_CONGESTION, name.encode()):
                break
    # The kernel doubles what is asked for, to make room for its own overhead.
    if plan.send_buffer is not None:
        _ask(sock, socket.SOL_SOCKET, socket.SO_SNDBUF, plan.send_buffer)
    if plan.receive_buffer is not None:
        _ask(sock, socket.SOL_SOCKET, socket.SO_RCVBUF, plan.receive_buffer)
    if plan.pacing is not None:
        pace(sock, plan.pacing)
    return facts(sock)


def pace(sock: socket.socket, bytes_per_second: int | None) -> bool:
    """Limit what the kernel sends on a socket, at any time; None lifts it. Whether the kernel took it."""
    rate = _UNLIMITED if bytes_per_second is None else bytes_per_second
    # Kernels before 4.20 take 32 bits, of which the highest value means no limit.
    return _ask(sock, socket.SOL_SOCKET, _SO_MAX_PACING_RATE, struct.pack("=Q", rate)) or _ask(
        sock, socket.SOL_SOCKET, _SO_MAX_PACING_RATE, struct.pack("=I", min(rate, 0xFFFFFFFF))
    )


def facts(sock: socket.socket) -> SocketFacts:
    """What the socket has now."""
    return SocketFacts(
        nodelay=bool(_number(sock, socket.IPPROTO_TCP, socket.TCP_NODELAY)),
        congestion=_congestion(sock),
        pacing=_pacing(sock),
        send_buffer=_number(sock, socket.SOL_SOCKET, socket.SO_SNDBUF),
        receive_buffer=_number(sock, socket.SOL_SOCKET, socket.SO_RCVBUF),
    )


def _ask(sock: socket.socket, level: int, option: int, value: int | bytes) -> bool:
    try:
        sock.setsockopt(level, option, value)
    except (OSError, OverflowError):
        return False
    return True


def _number(sock: socket.socket, level: int, option: int) -> int:
    with contextlib.suppress(OSError):
        return sock.getsockopt(level, option)
    return 0


def _congestion(sock: socket.socket) -> str:
    if not hasattr(socket, "TCP_CONGESTION"):
        return ""
    with contextlib.suppress(OSError):
        name = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
        return name.split(b"\0", 1)[0].decode("ascii", "replace")
    return ""


def _pacing(sock: socket.socket) -> int | None:
    with contextlib.suppress(OSError):
        data = sock.getsockopt(socket.SOL_SOCKET, _SO_MAX_PACING_RATE, 8)
        if len(data) in (4, 8):
            rate = int.from_bytes(data, "little" if struct.pack("=H", 1)[0] else "big")
            return None if rate in (_UNLIMITED, 0xFFFFFFFF) else rate
    return None


def _maximum(file: Path) -> int:
    try:
        return int(file.read_text(encoding="ascii").split()[-1])
    except (OSError, ValueError, IndexError):
        return 0
