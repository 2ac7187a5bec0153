"""rsync over SSH: the whole file, or only what differs from the version that the receiver has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Final

from bench.dwcp.transfer import Plan, Task, Tool


def whole(task: Task) -> Plan:
    """Without looking for what the receiver has: it has nothing."""
    return _plan(task, "--whole-file", "--inplace")


def delta(task: Task) -> Plan:
    """Against the old version, in its place."""
    assert task.old is not None
    old = task.old
    return _plan(task, "-z", "--no-whole-file", "--inplace", prepare=lambda: _copy(os.fspath(old), task))


def _plan(task: Task, *options: str, prepare: Callable[[], None] = lambda: None) -> Plan:
    to = f"{task.line.b.address}:{task.target}"
    shell = task.ssh.shell(task.port)
    return Plan(
        server=task.ssh.server(task.line.b.address, task.port),
        client=["rsync", *options, "-e", shell, os.fspath(task.source), to],
        prepare=prepare,
    )


def _copy(old: str, task: Task) -> None:
    shutil.copyfile(old, task.target)


_PROGRAMS: Final = ("rsync", "ssh", "sshd")
_VERSION: Final = ("rsync", "--version")
WHOLE: Final = Tool(name="rsync", programs=_PROGRAMS, plan=whole, version=_VERSION)
DELTA: Final = Tool(name="rsync -z --inplace", programs=_PROGRAMS, plan=delta, version=_VERSION)
