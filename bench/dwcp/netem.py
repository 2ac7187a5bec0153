"""The commands that join two network namespaces by a line of the kernel's own emulator."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Iterator
from typing import Final

from bench.dwcp.profiles import Profile

QUEUE_MS: Final = 50.0
"""Depth of the queue in front of the rate limit."""
_PACKET: Final = 1500
_TCP_BUFFERS: Final = "4096 131072 268435456"
"""Least, first and most bytes: room for 10 Gbit/s at 200 ms."""


def works() -> bool:
    """Whether this kernel has netem and this user may use it."""
    probe = (
        "ip link add dwcp-probe type dummy && tc qdisc add dev dwcp-probe root netem delay 1ms; "
        "found=$?; ip link del dwcp-probe; exit $found"
    )
    return (
        subprocess.run(["unshare", "-n", "sh", "-c", probe], capture_output=True, check=False).returncode == 0
    )


def setup(profile: Profile, namespaces: tuple[str, str], addresses: tuple[str, str]) -> Iterator[list[str]]:
    """Commands, in order."""
    devices = ("dwcp-a", "dwcp-b")
    for namespace in namespaces:
        yield ["ip", "netns", "add", namespace]
    yield [
        *("ip", "link", "add", devices[0], "netns", namespaces[0]),
        *("type", "veth", "peer", "name", devices[1], "netns", namespaces[1]),
    ]
    for number, (namespace, device) in enumerate(zip(namespaces, devices, strict=True)):
        yield ["ip", "-n", namespace, "link", "set", "lo", "up"]
        peer = addresses[1 - number]
        yield ["ip", "-n", namespace, "addr", "add", addresses[number], "peer", peer, "dev", device]
        yield ["ip", "-n", namespace, "link", "set", device, "up"]
        yield ["tc", "-n", namespace, "qdisc", "add", "dev", device, "root", "netem", *options(profile)]
        buffers = [f"net.ipv4.tcp_{way}mem={_TCP_BUFFERS}" for way in "rw"]
        yield ["ip", "netns", "exec", namespace, "sysctl", "-qw", *buffers]


def options(profile: Profile) -> list[str]:
    """What netem does in one direction. Its limit counts packets on their way too, so it holds the delay and
    the queue."""
    bits = (profile.rate_mbit or 10_000) * 1e6
    limit = math.ceil(bits / 8 * (profile.rtt_ms / 2 + QUEUE_MS) / 1e3 / _PACKET)
    parts = ["limit", str(max(limit, 10)), "delay", f"{profile.rtt_ms / 2:g}ms"]
    if profile.loss:
        parts += ["loss", f"{profile.loss * 100:g}%"]
    if profile.rate_mbit:
        parts += ["rate", f"{profile.rate_mbit:g}mbit"]
    return parts


def teardown(namespaces: tuple[str, str]) -> Iterator[list[str]]:
    """Commands; the devices go with their namespaces."""
    for namespace in namespaces:
        yield ["ip", "netns", "del", namespace]
