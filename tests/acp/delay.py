"""`python -m tests.acp.delay PORT...`: holds back every frame between ports and their bridge.

For kernels without netem. Each port is a device outside of the bridge; a tap beside it takes its place in the
bridge, and frames go from one to the other after a while. Lines of standard input are that while, in seconds.

Frames carry the kernel's note on checksums and segments that are still to be made (`virtio_net_hdr`), so what
one end left to a card is left to the other end.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque

_TUNSETIFF = 0x400454CA
_TUNSETOFFLOAD = 0x400454D0
_TAP_WITHOUT_INFO_WITH_HEADER = 0x0002 | 0x1000 | 0x4000
_CHECKSUMS_AND_SEGMENTS = 0x01 | 0x02 | 0x04
_SOL_PACKET = 263
_PACKET_VNET_HDR = 15
_ALL_PROTOCOLS = 0x0003
_MOST = 70_000


class Line:
    """One port. `due` are frames on their way: when, to which file descriptor, what."""

    def __init__(self, port: str) -> None:
        self.tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        name = f"{port}-tap"
        fcntl.ioctl(
            self.tap, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TAP_WITHOUT_INFO_WITH_HEADER)
        )
        fcntl.ioctl(self.tap, _TUNSETOFFLOAD, _CHECKSUMS_AND_SEGMENTS)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
        self.socket.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.bind((port, 0))
        self.socket.setblocking(False)
        for words in (f"link set {port} nomaster", f"link set {name} master hub up"):
            subprocess.run(["ip", *words.split()], check=True)
        self.due: deque[tuple[float, int, bytes]] = deque()

    def read(self, source: int, now: float, delay: float) -> None:
        """Take what there is at one end."""
        try:
            while True:
                if source == self.tap:
                    self.due.append((now + delay, self.socket.fileno(), os.read(self.tap, _MOST)))
                    continue
                frame, address = self.socket.recvfrom(_MOST)
                # What this process sent into the port is seen again.
                if address[2] != socket.PACKET_OUTGOING:
                    self.due.append((now + delay, self.tap, frame))
        except BlockingIOError:
            return

    def write(self, now: float) -> None:
        """Let go what has been held back long enough."""
        while self.due and self.due[0][0] <= now:
            _, target, frame = self.due.popleft()
            try:
                os.write(target, frame)
            except OSError:
                # Full, or down: a line drops such frames.
                continue


def main() -> None:
    """Run until standard input ends."""
    lines = [Line(port) for port in sys.argv[1:]]
    delay = 0.0
    ends = {end: line for line in lines for end in (line.tap, line.socket.fileno())}
    poll = select.epoll()
    for end in (*ends, sys.stdin.fileno()):
        poll.register(end, select.EPOLLIN)
    print("up", flush=True)
    while True:
        next_due = min((line.due[0][0] for line in lines if line.due), default=None)
        wait = None if next_due is None else max(0.0, next_due - time.monotonic())
        for end, _ in poll.poll(wait):
            if end == sys.stdin.fileno():
                said = sys.stdin.readline()
                if not said:
                    return
                delay = float(said)
                print("set", flush=True)
            else:
                ends[end].read(end, time.monotonic(), delay)
        now = time.monotonic()
        for line in lines:
            line.write(now)


if __name__ == "__main__":
    main()
