"""Ours, from this checkout."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.dwcp.certificates import RECEIVER, SENDER
from bench.dwcp.line import Line
from bench.dwcp.transfer import WATCH_INTERVAL_S, Plan, Task, Tool, start_server
from bench.measure import CommandError, Started
from dwcp_runtime.transport.target_name import RESERVED

_CHECKOUT: Final = Path(__file__).resolve().parents[3]
_PROGRAM: Final = (
    sys.executable,
    "-c",
    "import sys; from dwcp_runtime.cli.dwcp import main; sys.exit(main())",
)
_FIRST_VERSION_LIMIT_S: Final = 120.0
_KNOWN_LIMIT_S: Final = 60.0


def environment() -> Mapping[str, str]:
    """This checkout's code."""
    return machine.environment(_CHECKOUT)


def tls(task: Task) -> Plan:
    """A file over TLS with certificates of both ends."""
    return _plan(task, encrypted=True)


def plain(task: Task) -> Plan:
    """A file without TLS."""
    return _plan(task, encrypted=False)


def raw(task: Task) -> Plan:
    """The same as `tls` with nothing tried but whether a block is all zeros."""
    return _plan(task, encrypted=True, options=("--level", "0"))


def with_baseline(task: Task) -> Plan:
    """The sender names the old version; the receiver got it by an earlier transfer."""
    return _plan(task, encrypted=True, baseline=True)


def with_inventory(task: Task) -> Plan:
    """The receiver got the old version by an earlier transfer; the sender doesn't know."""
    return _plan(task, encrypted=True)


TLS: Final = Tool(name="dwcp (TLS)", programs=(), plan=tls)
PLAIN: Final = Tool(name="dwcp --insecure", programs=(), plan=plain)
RAW: Final = Tool(name="dwcp --level 0", programs=(), plan=raw)
WITH_BASELINE: Final = Tool(name="dwcp --baseline", programs=(), plan=with_baseline)
WITH_INVENTORY: Final = Tool(name="dwcp", programs=(), plan=with_inventory)


def told(said: str) -> dict[str, Any]:
    """What `--json` told at the end; nothing when it told nothing."""
    for line in reversed(said.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}


def _plan(task: Task, *, encrypted: bool, baseline: bool = False, options: tuple[str, ...] = ()) -> Plan:
    def prepare() -> None:
        if task.old is not None:
            _send_first_version(task, encrypted=encrypted)

    if baseline and task.old:
        options = ("--baseline", os.fspath(task.old))
    return Plan(
        server=_receive(task, task.line, encrypted=encrypted),
        client=_send(task, task.source, task.target.name, task.line, *options, encrypted=encrypted),
        prepare=prepare,
        environment=environment(),
    )


def _receive(task: Task, line: Line, *, encrypted: bool) -> list[str]:
    folder = os.fspath(task.target.parent)
    return [
        *_PROGRAM,
        "receive",
        folder,
        "--listen",
        f"{line.b.address}:{task.port}",
        *_trust(task, "receiver", encrypted),
    ]


def _send(task: Task, path: Path, name: str, line: Line, *options: str, encrypted: bool) -> list[str]:
    to = f"{line.b.address}:{task.port}/{name}"
    return [*_PROGRAM, "send", os.fspath(path), to, *_trust(task, "sender", encrypted), *options, "--json"]


def _trust(task: Task, end: str, encrypted: bool) -> tuple[str, ...]:
    if not encrypted:
        return ("--insecure", "--force-insecure")
    peer = ("--allow", SENDER) if end == "receiver" else ("--peer", RECEIVER)
    return ("--tls", os.fspath(task.certificates / end), *peer)


def _send_first_version(task: Task, *, encrypted: bool) -> None:
    """By the programs themselves, where the receiver is: however they remember what they have received, they
    do after that."""
    assert task.old is not None
    here = task.line.inside_b
    server = [*here.b.prefix, *_receive(task, here, encrypted=encrypted)]
    client = [*here.a.prefix, *_send(task, task.old, task.old.name, here, encrypted=encrypted)]
    with start_server(server, task.scratch / "first-server", environment()) as receiving:
        with Started(
            client,
            output=task.scratch / "first-client",
            environment=environment(),
            interval_s=WATCH_INTERVAL_S,
        ) as sending:
            sending.wait(_FIRST_VERSION_LIMIT_S)
        _wait_until_known(task.target.parent)
        receiving.stop(grace_s=10.0)


def _wait_until_known(folder: Path) -> None:
    """Until the receiver has written down which pages the file in `folder` has: it does that beside its
    transfers, and not once it is asked to end."""
    end = time.monotonic() + _KNOWN_LIMIT_S
    while not list(folder.glob(f"{RESERVED}/inventory/*.pages")):
        if time.monotonic() > end:
            raise CommandError(f"no index of the first version after {_KNOWN_LIMIT_S:.0f} s")
        time.sleep(0.05)
