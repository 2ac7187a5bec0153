"""The processes of one run: started, watched, and all gone afterwards, however the run ends."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from tests.e2e.wait import NotInTimeError, until

STOP_SECONDS = 3
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class ProcessDiedError(Exception):
    """A process that should run has ended; the message holds the end of its log."""


class Interrupted(BaseException):
    """The run was told to stop by SIGTERM or SIGHUP."""


def _die_with_parent() -> None:
    # SIGKILL, because a parent that was killed itself leaves nobody who would wait for a gentle end.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class Process:
    """A running process and its log."""

    name: str
    handle: subprocess.Popen[bytes]
    log: Path

    def log_end(self, lines: int = 15) -> str:
        """The last lines that it wrote."""
        text = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(f"    {line[:400]}" for line in text)

    def assert_runs(self) -> None:
        """Raise ProcessDiedError if it ended."""
        code = self.handle.poll()
        if code is not None:
            raise ProcessDiedError(f"{self.name} ended with code {code}; its log ends with\n{self.log_end()}")


class Supervisor:
    """Owns a temporary folder and every process that is started through it.

    Leaving the context ends the processes, last started first, and removes the folder. If this process is
    killed, the kernel kills the processes and a janitor that outlives them removes the folder.
    """

    def __init__(self, *, keep: bool = False) -> None:
        """`keep` leaves the folder with its logs behind, for looking into a failure."""
        self._keep = keep
        self._processes: list[Process] = []
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> Supervisor:
        self.folder = Path(tempfile.mkdtemp(prefix="novacron-e2e-"))
        # The end of its standard input is how the janitor learns that this process is gone.
        self._janitor = None if self._keep else _start_janitor(self.folder)
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, _raise_interrupted)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A second Ctrl-C must not leave half of them running.
        ignored = {
            number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, *self._handlers)
        }
        try:
            self._stop_all()
            if self._janitor:
                shutil.rmtree(self.folder, ignore_errors=True)
                assert self._janitor.stdin
                self._janitor.stdin.close()
                self._janitor.wait()
        finally:
            for number, handler in {**ignored, **self._handlers}.items():
                signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal() returned

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Process:
        """Start a process in a session of its own, with its output in a log of its name."""
        log = self.folder / "logs" / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("wb") as output:
            handle = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=cwd or self.folder,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        process = Process(name=name, handle=handle, log=log)
        self._processes.append(process)
        return process

    def ready(self, process: Process, look: Callable[[], object], *, seconds: float = 60) -> None:
        """Wait until `look` finds something true; fail at once when the process ends instead."""

        def look_while_it_runs() -> bool:
            process.assert_runs()
            return bool(look())

        try:
            until(f"{process.name} ready", look_while_it_runs, seconds=seconds)
        except NotInTimeError as error:
            raise NotInTimeError(f"{error}; its log ends with\n{process.log_end()}") from None

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Processes that are started inside end with the block, before the others."""
        before = len(self._processes)
        try:
            yield
        finally:
            inside = self._processes[before:]
            del self._processes[before:]
            _end(list(reversed(inside)))

    def assert_all_run(self) -> None:
        """Raise ProcessDiedError for the first process that ended."""
        for process in self._processes:
            process.assert_runs()

    def _stop_all(self) -> None:
        _end(list(reversed(self._processes)))
        self._processes.clear()


def _end(processes: Sequence[Process]) -> None:
    for process in processes:
        _signal_group(process, signal.SIGTERM)
    for process in processes:
        try:
            process.handle.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _signal_group(process, signal.SIGKILL)
            process.handle.wait()
    for process in processes:
        # What it started itself and left behind.
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: Process, number: int) -> None:
    try:
        os.killpg(process.handle.pid, number)
    except ProcessLookupError:
        return


def _start_janitor(folder: Path) -> subprocess.Popen[bytes]:
    script = 'cat >/dev/null; until rm -rf -- "$1"; do sleep 0.2; done'
    return subprocess.Popen(
        ["sh", "-c", script, "janitor", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _raise_interrupted(number: int, frame: FrameType | None) -> None:
    raise Interrupted(signal.Signals(number).name)
