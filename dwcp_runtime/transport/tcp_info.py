"""The kernel's `struct tcp_info` of a connection, from bytes.

Field order and types are those of Linux's include/uapi/linux/tcp.h, which only ever appends. A shorter struct
is that of an older kernel; what it lacks is 0.
"""

from __future__ import annotations

import socket
import struct
import sys
from dataclasses import dataclass
from typing import Final

_LAYOUT: Final = (
    ("state", "B"),
    ("ca_state", "B"),
    ("retransmits", "B"),
    ("probes", "B"),
    ("backoff", "B"),
    ("options", "B"),
    ("wscale", "B"),
    ("flags", "B"),
    ("rto", "I"),
    ("ato", "I"),
    ("snd_mss", "I"),
    ("rcv_mss", "I"),
    ("unacked", "I"),
    ("sacked", "I"),
    ("lost", "I"),
    ("retrans", "I"),
    ("fackets", "I"),
    ("last_data_sent", "I"),
    ("last_ack_sent", "I"),
    ("last_data_recv", "I"),
    ("last_ack_recv", "I"),
    ("pmtu", "I"),
    ("rcv_ssthresh", "I"),
    ("rtt", "I"),
    ("rttvar", "I"),
    ("snd_ssthresh", "I"),
    ("snd_cwnd", "I"),
    ("advmss", "I"),
    ("reordering", "I"),
    ("rcv_rtt", "I"),
    ("rcv_space", "I"),
    ("total_retrans", "I"),
    ("pacing_rate", "Q"),
    ("max_pacing_rate", "Q"),
    ("bytes_acked", "Q"),
    ("bytes_received", "Q"),
    ("segs_out", "I"),
    ("segs_in", "I"),
    ("notsent_bytes", "I"),
    ("min_rtt", "I"),
    ("data_segs_in", "I"),
    ("data_segs_out", "I"),
    ("delivery_rate", "Q"),
    ("busy_time", "Q"),
    ("rwnd_limited", "Q"),
    ("sndbuf_limited", "Q"),
    ("delivered", "I"),
    ("delivered_ce", "I"),
    ("bytes_sent", "Q"),
    ("bytes_retrans", "Q"),
    ("dsack_dups", "I"),
    ("reord_seen", "I"),
    ("rcv_ooopack", "I"),
    ("snd_wnd", "I"),
)

SIZE: Final = struct.calcsize("=" + "".join(kind for _, kind in _LAYOUT))
"""Bytes of the struct as far as it is read here; the layout has no padding."""

_STRUCT: Final = struct.Struct("=" + "".join(kind for _, kind in _LAYOUT))
_ENDS: Final = tuple(
    struct.calcsize("=" + "".join(kind for _, kind in _LAYOUT[: count + 1])) for count in range(len(_LAYOUT))
)

_APP_LIMITED: Final = 1 if sys.byteorder == "little" else 0x80
"""The first bit field of its byte, which compilers place by the byte order."""

_MICRO: Final = 1_000_000
_MILLI: Final = 1000


@dataclass(frozen=True, kw_only=True)
class TcpInfo:
    """One connection at one moment. Times are seconds, sizes bytes, rates bytes per second, counts segments.

    `delivered` counts segments that arrived, in order or not, from the connection's start, modulo 2^32.
    `bytes_sent`, `bytes_acked`, `bytes_retrans`, `retrans_total`, `busy_time`, `rwnd_limited` and
    `sndbuf_limited` count from the connection's start: take differences. `busy_time` is the time with
    something to send, and contains the other two: waiting for the receiver's window, and for send buffer.
    `app_limited` says that `delivery_rate` was measured while there was too little to send.
    """

    rtt: float
    rtt_var: float
    min_rtt: float
    snd_cwnd: int
    mss: int
    path_mtu: int
    unacked: int
    lost: int
    retrans_total: int
    bytes_acked: int
    bytes_received: int
    bytes_sent: int
    bytes_retrans: int
    notsent: int
    pacing_rate: int
    delivery_rate: int
    busy_time: float
    rwnd_limited: float
    sndbuf_limited: float
    since_ack: float
    delivered: int
    app_limited: bool

    def loss_since(self, before: TcpInfo) -> float:
        """Share of the bytes sent since `before`, of the same connection, that were sent again: 0 to 1."""
        sent = self.bytes_sent - before.bytes_sent
        again = self.bytes_retrans - before.bytes_retrans
        return min(1.0, max(0, again) / sent) if sent > 0 else 0.0

    def near(self, seconds: float) -> bool:
        """Whether the shortest round trip that was seen is known and takes no longer than that."""
        return 0 < self.min_rtt <= seconds

    def silent(self, seconds: float) -> bool:
        """Whether sent bytes wait for an answer and the peer's kernel has said nothing for so long.

        A receiver that merely does not read still answers for its window, so this tells a cut path.
        """
        return self.unacked > 0 and self.since_ack > seconds


def parse(data: bytes) -> TcpInfo:
    """From the bytes that `getsockopt` gave, of any length; fields that are missing or cut off are 0."""
    usable = max((end for end in _ENDS if end <= len(data)), default=0)
    values = _STRUCT.unpack(data[:usable].ljust(SIZE, b"\0"))
    raw: dict[str, int] = {name: value for (name, _), value in zip(_LAYOUT, values, strict=True)}
    # A kernel that has no sample yet says all ones.
    min_rtt = 0 if raw["min_rtt"] == 0xFFFFFFFF else raw["min_rtt"]
    return TcpInfo(
        rtt=raw["rtt"] / _MICRO,
        rtt_var=raw["rttvar"] / _MICRO,
        min_rtt=min_rtt / _MICRO,
        snd_cwnd=raw["snd_cwnd"],
        mss=raw["snd_mss"],
        path_mtu=raw["pmtu"],
        unacked=raw["unacked"],
        lost=raw["lost"],
        retrans_total=raw["total_retrans"],
        bytes_acked=raw["bytes_acked"],
        bytes_received=raw["bytes_received"],
        bytes_sent=raw["bytes_sent"],
        bytes_retrans=raw["bytes_retrans"],
        notsent=raw["notsent_bytes"],
        pacing_rate=raw["pacing_rate"],
        delivery_rate=raw["delivery_rate"],
        busy_time=raw["busy_time"] / _MICRO,
        rwnd_limited=raw["rwnd_limited"] / _MICRO,
        sndbuf_limited=raw["sndbuf_limited"] / _MICRO,
        since_ack=raw["last_ack_recv"] / _MILLI,
        delivered=raw["delivered"],
        app_limited=bool(raw["flags"] & _APP_LIMITED),
    )


def read(sock: socket.socket) -> TcpInfo | None:
    """Of a connected TCP socket; None where the kernel has none to give or the socket is closed."""
    if not hasattr(socket, "TCP_INFO"):
        return None
    try:
        return parse(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SIZE))
    except OSError:
        return None
