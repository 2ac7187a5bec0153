"""Time and memory of one command with everything that it starts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_INTERVAL_S = 0.02


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run. With `cut` it was ended at the limit, and the figures are what it had used by then."""

    wall_s: float
    cpu_s: float
    """User and system time of all its processes."""
    peak_bytes: int
    """The largest sum of the resident memory of all its processes at one time, looked at every 20 ms. Pages
    that two of them share count twice."""
    cut: bool = False


class CommandError(RuntimeError):
    """A measured command failed."""


def measure(
    command: Sequence[str], *, output: Path, limit_s: float, environment: Mapping[str, str] | None = None
) -> Run:
    """Run `command` with its standard output in the file `output`. Raises CommandError when it fails."""
    with output.open("wb") as out, output.with_suffix(".err").open("w+b") as errors:
        start = time.monotonic()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
        alarm = threading.Timer(limit_s, _end, [process.pid])
        watch = _Watch(process.pid)
        alarm.start()
        watch.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            _end(process.pid)
            raise
        finally:
            wall = time.monotonic() - start
            alarm.cancel()
            watch.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
        cut = wall >= limit_s
        if process.returncode and not cut:
            errors.seek(0)
            said = errors.read()[-2000:].decode(errors="replace")
            raise CommandError(f"{' '.join(command)}: exit {process.returncode}\n{said}")
    # Linux gives ru_maxrss in KiB, of the largest single process: a floor where the watch came too late.
    peak = max(watch.peak_bytes, used.ru_maxrss * 1024)
    return Run(wall_s=wall, cpu_s=used.ru_utime + used.ru_stime, peak_bytes=peak, cut=cut)


def _end(session: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


class _Watch(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._done = threading.Event()
        self.peak_bytes = 0

    def run(self) -> None:
        while not self._done.wait(_INTERVAL_S):
            self.peak_bytes = max(self.peak_bytes, _resident(self._pid))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _resident(pid: int) -> int:
    """Resident bytes of a process and all below it; what is gone meanwhile counts as nothing."""
    folder = Path(f"/proc/{pid}")
    total = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        total += int((folder / "statm").read_text().split()[1]) * _PAGE
        for task in (folder / "task").iterdir():
            total += sum(_resident(int(child)) for child in (task / "children").read_text().split())
    return total
