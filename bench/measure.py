"""Time and memory of one command with everything that it starts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
INTERVAL_S = 0.02


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


class Started:
    """A command that runs, with everything below it. Its output goes to the file `output`, its errors to
    `.err` beside it. A context: what still runs at the end is ended."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        output: Path,
        environment: Mapping[str, str] | None = None,
        interval_s: float = INTERVAL_S,
    ) -> None:
        """Start it. Raises OSError when there is no such program."""
        self.command = tuple(command)
        self._errors = output.with_suffix(".err")
        self._start = time.monotonic()
        with output.open("wb") as out, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                env=environment,
                start_new_session=True,
            )
        self._watch = _Watch(self._process.pid, interval_s)
        self._watch.start()

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self.stop(grace_s=0.0)

    @property
    def pid(self) -> int:
        """Of the command itself."""
        return self._process.pid

    @property
    def peak_bytes(self) -> int:
        """What `Run.peak_bytes` is so far; 0 before the first look."""
        return self._watch.peak_bytes

    @property
    def running(self) -> bool:
        """Whether the command itself has not ended."""
        ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return ended is None

    def wait(self, limit_s: float) -> Run:
        """Its run, ended at the limit. Raises CommandError when it failed by itself."""
        cut = threading.Event()

        def end() -> None:
            cut.set()
            _kill(self._process.pid)

        alarm = threading.Timer(limit_s, end)
        alarm.start()
        try:
            run = self._reap()
        except BaseException:
            _kill(self._process.pid)
            raise
        finally:
            alarm.cancel()
        if self._process.returncode and not cut.is_set():
            said = self.errors()
            raise CommandError(f"{' '.join(self.command)}: exit {self._process.returncode}\n{said}")
        return replace(run, cut=cut.is_set())

    def settle(self, limit_s: float) -> None:
        """Wait until nothing runs below it: only what a process has waited for counts as its own time."""
        end = time.monotonic() + limit_s
        while len(list(_family(self._process.pid))) > 1 and time.monotonic() < end:
            time.sleep(INTERVAL_S)

    def stop(self, grace_s: float) -> Run:
        """Its run when it was asked to end (SIGTERM) and made to after `grace_s`, however it ended."""
        if grace_s > 0:
            # Popen's own way would take the status of a process that has ended, and with it its times.
            os.kill(self._process.pid, signal.SIGTERM)
        alarm = threading.Timer(grace_s, _kill, [self._process.pid])
        alarm.start()
        try:
            return self._reap()
        finally:
            alarm.cancel()

    def errors(self) -> str:
        """The end of what it said on standard error."""
        return self._errors.read_bytes()[-2000:].decode(errors="replace")

    def _reap(self) -> Run:
        _, status, used = os.wait4(self._process.pid, 0)
        wall = time.monotonic() - self._start
        self._watch.stop()
        self._process.returncode = os.waitstatus_to_exitcode(status)
        # Linux gives ru_maxrss in KiB, and lets a child begin with that of its parent, us: only where the
        # command was too short to be looked at.
        peak = self._watch.peak_bytes or used.ru_maxrss * 1024
        return Run(wall_s=wall, cpu_s=used.ru_utime + used.ru_stime, peak_bytes=peak)


def measure(
    command: Sequence[str], *, output: Path, limit_s: float, environment: Mapping[str, str] | None = None
) -> Run:
    """Run `command` with its standard output in the file `output`. Raises CommandError when it fails."""
    with Started(command, output=output, environment=environment) as started:
        return started.wait(limit_s)


def _kill(pid: int) -> None:
    """End a process, all of its session, and all below it whatever session they have made for themselves."""
    for each in reversed(list(_family(pid))):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


class _Watch(threading.Thread):
    def __init__(self, pid: int, interval_s: float) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._interval_s = interval_s
        self._done = threading.Event()
        self.peak_bytes = 0

    def run(self) -> None:
        while not self._done.wait(self._interval_s):
            self.peak_bytes = max(self.peak_bytes, sum(_resident(each) for each in _family(self._pid)))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _family(pid: int) -> Iterator[int]:
    """A process and all below it, parents first."""
    yield pid
    with contextlib.suppress(OSError, ValueError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _resident(pid: int) -> int:
    """Resident bytes of a process; what is gone meanwhile counts as nothing."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
