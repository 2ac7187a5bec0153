"""`zstd | ssh`: the whole file compressed, or a patch of the version that the receiver has."""

from __future__ import annotations

import os
import shlex
from typing import Final

from bench.dwcp.transfer import Plan, Task, Tool


def whole(task: Task) -> Plan:
    """All cores at the usual level."""
    return _plan(task, ["zstd", "-q", "-T0", "-3", "-c", _path(task)], ["zstd", "-q", "-d", "-c"])


def patch(task: Task) -> Plan:
    """The issue's yardstick for bytes. The window must hold the old version: 2 GiB."""
    assert task.old is not None
    against = f"--patch-from={task.old}"
    return _plan(
        task,
        ["zstd", "-q", "-3", "--long=31", against, "-c", _path(task)],
        ["zstd", "-q", "-d", "--long=31", against, "-c"],
    )


def _plan(task: Task, compress: list[str], decompress: list[str]) -> Plan:
    there = f"{shlex.join(decompress)} > {shlex.quote(os.fspath(task.target))}"
    send = [*task.ssh.client(task.port), task.line.b.address, there]
    return Plan(
        server=task.ssh.server(task.line.b.address, task.port),
        client=["bash", "-o", "pipefail", "-c", f"{shlex.join(compress)} | {shlex.join(send)}"],
    )


def _path(task: Task) -> str:
    return os.fspath(task.source)


_PROGRAMS: Final = ("zstd", "ssh", "sshd")
_VERSION: Final = ("zstd", "--version")
WHOLE: Final = Tool(name="zstd -3 -T0 | ssh", programs=_PROGRAMS, plan=whole, version=_VERSION)
PATCH: Final = Tool(name="zstd -3 --patch-from | ssh", programs=_PROGRAMS, plan=patch, version=_VERSION)
