"""One etcd process: started as the agent's child, its log relayed, stopped in good order, never left behind.

The kernel kills it when the agent dies (PR_SET_PDEATHSIG of prctl(2)); one that outlived it all the same
is found by its pid file and ended before another one is started on the same data.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from dwcp_runtime.consensus.data_dir import write_synced
from dwcp_runtime.network import logs

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)

STOP_SECONDS: Final = 15.0
"""How long an etcd may take to close its store before it is killed."""

ORPHAN_SECONDS: Final = 10.0
_LONGEST_LINE: Final = 1 << 20
_LEVELS: Final = {
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "panic": logging.ERROR,
    "fatal": logging.ERROR,
}
_TOLD: Final = ("raft.node", "elected leader", "became", "promoted", "removed", "added", "learner")

_log = logs.logger("etcd")


class EtcdProcess:
    """A started etcd. `last_words`: the last error that it told, for whoever has to say why it ended."""

    def __init__(self, process: asyncio.subprocess.Process, pid_file: Path) -> None:
        self._process = process
        self._pid_file = pid_file
        self.last_words = ""
        self._stopping = False
        self._relay = asyncio.get_running_loop().create_task(self._relay_log())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    @property
    def code(self) -> int | None:
        """How it ended; below zero: by that signal."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for its end."""
        code = await self._process.wait()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(self._relay), 1.0) if not self._relay.done() else None
        return code

    async def stop(self, *, seconds: float = STOP_SECONDS) -> int:
        """End it: in good order, or after `seconds` at once."""
        self._stopping = True
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
                # A process that was paused takes no signal until it goes on.
                self._process.send_signal(signal.SIGCONT)
            try:
                await asyncio.wait_for(self._process.wait(), seconds)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
        code = await self._process.wait()
        self._relay.cancel()
        self._pid_file.unlink(missing_ok=True)
        return code

    async def _relay_log(self) -> None:
        assert self._process.stderr is not None
        while True:
            try:
                line = await self._process.stderr.readline()
            except ValueError:
                continue
            if not line:
                return
            self._tell(line)

    def _tell(self, line: bytes) -> None:
        level, message, fields = parse_line(line)
        if level >= logging.ERROR:
            self.last_words = ": ".join(filter(None, (message, str(fields.get("error", "")))))
        if self._stopping:
            # Whatever breaks off now was meant to.
            level = min(level, logging.INFO)
        if level > logging.INFO or any(word in message for word in _TOLD):
            logs.event(_log, "etcd", level=level, message=message, **fields)


async def start(words: Sequence[str], *, pid_file: Path) -> EtcdProcess:
    """Start etcd by its command line. Raises OSError if there is no such program."""
    agent = os.getpid()

    def tie_to_agent() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != agent:
            os._exit(1)

    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=tie_to_agent,
        # Ctrl-C on a terminal is for the agent, which then ends it in good order.
        start_new_session=True,
        limit=_LONGEST_LINE,
    )
    try:
        write_synced(pid_file, f"{process.pid} {_started_at(process.pid)}\n".encode())
    except OSError as error:
        # A full disk must not keep a member down: the kernel still ties it to its agent.
        logs.event(_log, "no-pid-file", level=logging.WARNING, error=str(error))
    return EtcdProcess(process, pid_file)


async def end_orphan(
    pid_file: Path, *, seconds: float = ORPHAN_SECONDS, told: Callable[[int], None] = lambda pid: None
) -> bool:
    """End the etcd that a pid file names, if it still runs. True if there was one.

    A process is taken for it only if it started when that one did: numbers are used again.
    """
    try:
        pid, _, since = pid_file.read_text().strip().partition(" ")
        orphan = int(pid)
    except (OSError, ValueError):
        return False
    if not since or _started_at(orphan) != since:
        pid_file.unlink(missing_ok=True)
        return False
    told(orphan)
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ProcessLookupError):
        os.kill(orphan, signal.SIGTERM)
        os.kill(orphan, signal.SIGCONT)
        end = loop.time() + seconds
        while _started_at(orphan) == since and loop.time() < end:
            await asyncio.sleep(0.05)
        if _started_at(orphan) == since:
            os.kill(orphan, signal.SIGKILL)
        while _started_at(orphan) == since:
            await asyncio.sleep(0.05)
    pid_file.unlink(missing_ok=True)
    return True


def parse_line(line: bytes) -> tuple[int, str, dict[str, Any]]:
    """One line of etcd's log: level, message and fields. What isn't JSON, such as a panic, is an error."""
    try:
        fields = json.loads(line)
        level, message = str(fields.pop("level", "")), str(fields.pop("msg", ""))
    except (ValueError, AttributeError, TypeError):
        return logging.ERROR, line.decode(errors="replace").strip(), {}
    for key in ("ts", "caller", "stacktrace", "logger"):
        fields.pop(key, None)
    return _LEVELS.get(level, logging.INFO), message, fields


def _started_at(pid: int) -> str:
    """When a process started, as the kernel counts (proc(5), field 22 of stat); empty if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, since = fields[0], fields[19]
    return "" if state in "ZX" else since
