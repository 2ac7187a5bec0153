"""A line between two ends: netem where the kernel has it, else the tool that the user names."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.dwcp import netem
from bench.dwcp.profiles import Profile

_ADDRESSES: Final = ("10.99.0.1", "10.99.0.2")
_VARIABLES: Final = ("WAN_A_NS", "WAN_B_NS", "WAN_A_IP", "WAN_B_IP")


class LineError(RuntimeError):
    """There is no line of this kind here."""


@dataclass(frozen=True, kw_only=True)
class End:
    """Where commands of one end run, and the address of that end."""

    address: str
    namespace: str | None = None

    @property
    def prefix(self) -> tuple[str, ...]:
        """What a command there begins with."""
        return ("ip", "netns", "exec", self.namespace) if self.namespace else ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """`a` sends, `b` receives. `device` is that of `a`, None where bytes aren't counted."""

    a: End
    b: End
    device: str | None = None

    def carried(self) -> int | None:
        """Bytes of packets that `a` has sent and received so far, with IP and TCP headers; a packet that the
        card would cut into several counts its headers once."""
        if self.device is None:
            return None
        said = _said(["ip", "-n", str(self.a.namespace), "-j", "-s", "link", "show", "dev", self.device])
        counters = json.loads(said)[0]["stats64"]
        return int(counters["tx"]["bytes"]) + int(counters["rx"]["bytes"])

    @property
    def inside_b(self) -> Line:
        """No line at all: both ends where `b` is."""
        end = End(address="127.0.0.1", namespace=self.b.namespace)
        return Line(a=end, b=end)


LOOPBACK: Final = Line(a=End(address="127.0.0.1"), b=End(address="127.0.0.1"))


def emulator(wan: str | None) -> str:
    """What `opened` takes. Raises LineError when there is neither."""
    if netem.works():
        return "netem"
    if wan:
        return wan
    raise LineError(
        "no line: this kernel has no netem, or this user may not use it (root may); "
        "name a tool that stands in for it by --wan (make bench-dwcp WAN=...)"
    )


@contextlib.contextmanager
def opened(profile: Profile, wan: str) -> Iterator[Line]:
    """A line of this profile by the named emulator, gone at the end of the context."""
    with _netem(profile) if wan == "netem" else _tool(profile, wan) as line:
        for end in (line.a, line.b):
            # What the kernel remembers of the other end would let one tool start where the last one ended.
            _said([*end.prefix, "sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1"])
        yield line


@contextlib.contextmanager
def _netem(profile: Profile) -> Iterator[Line]:
    names = (f"dwcp-a-{os.getpid()}", f"dwcp-b-{os.getpid()}")
    try:
        for command in netem.setup(profile, names, _ADDRESSES):
            _said(command)
        yield _line(*names, *_ADDRESSES)
    finally:
        for command in netem.teardown(names):
            subprocess.run(command, check=False, capture_output=True)


@contextlib.contextmanager
def _tool(profile: Profile, wan: str) -> Iterator[Line]:
    # The tool takes the line down when its script ends, and the script ends with our end of the pipe,
    # however we go.
    script = "; ".join([*(f'echo "${name}"' for name in _VARIABLES), "echo", "exec cat > /dev/null"])
    options = ("--rtt", profile.rtt_ms, "--rate", profile.rate_mbit, "--loss", profile.loss)
    queue = ("--queue", netem.QUEUE_MS)
    command = [*shlex.split(wan), *(str(each) for each in (*options, *queue)), "--", script]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        names = [process.stdout.readline().strip() for _ in _VARIABLES]
        if not all(names):
            process.stdin.close()
            raise LineError(f"{shlex.join(command)} gave no line: {process.stderr.read().strip()}")
        try:
            yield _line(*names)
        finally:
            process.communicate()


def _line(a: str, b: str, address_a: str, address_b: str) -> Line:
    route = json.loads(_said(["ip", "-n", a, "-j", "route", "get", address_b]))
    return Line(
        a=End(address=address_a, namespace=a),
        b=End(address=address_b, namespace=b),
        device=route[0]["dev"],
    )


def _said(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise LineError(f"{shlex.join(command)}: {result.stderr.strip()}")
    return result.stdout
