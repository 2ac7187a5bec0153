"""A network namespace for each member, joined by a bridge, with cuts between any two of them.

The bridge has a namespace of its own, where clients stand: the machine's own network shows nothing of it.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)
_NOBODY = "02:00:00:00:00:01"
"""A hardware address that nobody has: what is sent there is dropped without an answer, as on a cut line."""
_PREFIX = "novacron-acp-"
ADDRESSES = "10.99.0.{i+10}"
"""Where members are, by their number, in the form of the agent's `--peers`."""


def why_not() -> str | None:
    """Why this machine can't have namespaces, or None if it can."""
    if shutil.which("ip") is None:
        return "there is no `ip` here: install iproute2"
    done = subprocess.run(
        [
            "unshare",
            "-n",
            "sh",
            "-c",
            "ip link add hub type bridge && ip link add one type veth peer name two",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return f"network namespaces need root, bridges and veth: {done.stderr.strip()}"
    return None


class Network:
    """`size` namespaces, member 0 first. Leaving the context ends every process in them and removes them."""

    def __init__(self, size: int) -> None:
        self._tag = f"{_PREFIX}{os.getpid()}"
        self.size = size
        self.hub = f"{self._tag}-hub"

    def namespace(self, member: int) -> str:
        return f"{self._tag}-{member}"

    def address(self, member: int) -> str:
        return f"10.99.0.{10 + member}"

    def __enter__(self) -> Network:
        _sweep()
        _run("ip", "netns", "add", self.hub)
        hub = [
            "link add hub type bridge",
            "addr add 10.99.0.1/24 dev hub",
            "link set hub up",
            "link set lo up",
        ]
        _batch(self.hub, hub)
        for member in range(self.size):
            name = self.namespace(member)
            _run("ip", "netns", "add", name)
            _batch(
                self.hub,
                [
                    f"link add m{member} type veth peer name eth0 netns {name}",
                    f"link set m{member} master hub up",
                ],
            )
            _batch(
                name,
                ["link set lo up", f"addr add {self.address(member)}/24 dev eth0", "link set eth0 up"],
            )
        return self

    def __exit__(self, *_: object) -> None:
        for name in [*(self.namespace(member) for member in range(self.size)), self.hub]:
            _remove(name)

    def within(self, member: int) -> list[str]:
        """What to put before a command so that it runs as this member."""
        return ["ip", "netns", "exec", self.namespace(member)]

    def pids(self, member: int) -> list[int]:
        """Every process of the member."""
        return _pids(self.namespace(member))

    def signal(self, member: int, number: int) -> None:
        """Send a signal to every process of the member."""
        for pid in self.pids(member):
            _signal(pid, number)

    def cut(self, side: Iterable[int], other: Iterable[int], *, both_ways: bool = True) -> None:
        """Nothing goes from the first side to the other any more, nor back. Clients still reach both."""
        far = list(other)
        for here in side:
            for there in far:
                for a, b in ((here, there), (there, here))[: 1 + both_ways]:
                    line = f"neigh replace {self.address(b)} lladdr {_NOBODY} nud permanent dev eth0"
                    _batch(self.namespace(a), [line])

    def unplug(self, member: int) -> None:
        """Take the member's line down: neither members nor clients reach it."""
        _batch(self.hub, [f"link set m{member} down"])

    def heal(self) -> None:
        """Undo every cut."""
        for member in range(self.size):
            _batch(self.hub, [f"link set m{member} up"])
            _batch(self.namespace(member), ["neigh flush dev eth0 nud permanent"])

    @contextmanager
    def delayed(self, members: Iterable[int]) -> Iterator[Callable[[float], None]]:
        """Lines of these members that hold everything back; call it with seconds per passage of a line.

        From one member to another are two lines.
        """
        ports = [f"m{member}" for member in members]
        command = ["ip", "netns", "exec", self.hub, sys.executable, "-m", "tests.acp.delay", *ports]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_CHECKOUT
        ) as relay:
            assert relay.stdin is not None
            assert relay.stdout is not None

            def hold(seconds: float) -> None:
                print(seconds, file=relay.stdin, flush=True)
                assert relay.stdout.readline() == "set\n"

            assert relay.stdout.readline() == "up\n", "the delay line did not start"
            try:
                yield hold
            finally:
                relay.kill()
                _batch(self.hub, [f"link set {port} master hub" for port in ports])

    @contextmanager
    def at_hub(self) -> Iterator[None]:
        """Sockets that this thread makes inside are clients'."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.hub}", os.O_RDONLY)
        try:
            _enter(there)
            yield
        finally:
            _enter(before)
            os.close(there)
            os.close(before)


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _sweep() -> None:
    """Remove what a process left behind that was killed before it could."""
    listed = subprocess.run(["ip", "-j", "netns", "list"], capture_output=True, text=True, check=False).stdout
    for name in (one["name"] for one in json.loads(listed or "[]")):
        owner = name.removeprefix(_PREFIX).partition("-")[0]
        if name.startswith(_PREFIX) and owner.isdigit() and not Path(f"/proc/{owner}").exists():
            _remove(name)


def _remove(name: str) -> None:
    for pid in _pids(name):
        _signal(pid, signal.SIGKILL)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _pids(name: str) -> list[int]:
    done = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
    return [int(pid) for pid in done.stdout.split()]


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _batch(namespace: str, lines: list[str]) -> None:
    command = ["ip", "-n", namespace, "-batch", "-"]
    subprocess.run(command, input="\n".join(lines), text=True, check=True, capture_output=True)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
