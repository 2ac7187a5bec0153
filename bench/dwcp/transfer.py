"""One transfer of one file by one tool: what it is given, how both ends are called, what it took."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.dwcp.files import same
from bench.dwcp.line import Line
from bench.dwcp.ssh import Ssh
from bench.measure import CommandError, Run, Started

WATCH_INTERVAL_S: Final = 0.05
_READY_S: Final = 60.0
_SETTLE_S: Final = 2.0
_GRACE_S: Final = 10.0
_LISTENING: Final = re.compile(rb"listening on", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Task:
    """`source` of the sender is to be `target` of the receiver. `old` is a former version of it, which both
    have. `scratch` is an empty folder, `prepared` one that stays from run to run."""

    source: Path
    target: Path
    line: Line
    port: int
    ssh: Ssh
    certificates: Path
    scratch: Path
    prepared: Path
    old: Path | None = None

    @property
    def remote(self) -> str:
        """Address and port of the receiver."""
        return f"{self.line.b.address}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`prepare` is not measured. The server says that it listens before the client is started; the server is
    ended after the client."""

    server: Sequence[str]
    client: Sequence[str]
    prepare: Callable[[], None] = lambda: None
    environment: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Tool:
    """`programs` must be on the path."""

    name: str
    programs: tuple[str, ...]
    plan: Callable[[Task], Plan]
    version: tuple[str, ...] = ()
    """A command whose first line says it."""

    def missing(self) -> list[str]:
        """Its programs that are not here."""
        return [program for program in self.programs if shutil.which(program) is None]


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """Both ends of one transfer. `wire_bytes` is None where the line doesn't count; `said` is what the
    client wrote on standard output."""

    size: int
    sender: Run
    receiver: Run
    wire_bytes: int | None
    said: str = ""

    @property
    def cut(self) -> bool:
        """Whether it was ended at the limit: the file did not arrive."""
        return self.sender.cut

    @property
    def wall_s(self) -> float:
        """From the start of the sending command to its end."""
        return self.sender.wall_s

    @property
    def rate(self) -> float:
        """Bytes of the file per second of wall time; 0 when it did not arrive."""
        return 0.0 if self.cut else self.size / self.wall_s


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """Why there is no figure."""

    reason: str


Outcome = Transfer | Nothing


@dataclass(frozen=True, kw_only=True)
class Runs:
    """All runs of one tool in one place."""

    tool: str
    outcomes: tuple[Outcome, ...] = field(default=())

    @property
    def done(self) -> list[Transfer]:
        """Runs in which the file arrived."""
        return [each for each in self.outcomes if isinstance(each, Transfer) and not each.cut]

    @property
    def problem(self) -> str | None:
        """Why there is no figure, when there is none."""
        if self.done:
            return None
        reasons = [
            each.reason if isinstance(each, Nothing) else f"more than {each.wall_s:.0f} s, then ended"
            for each in self.outcomes
        ]
        return reasons[0] if reasons else "not run"


def run(tool: Tool, task: Task, *, limit_s: float) -> Outcome:
    """One transfer; what goes wrong is an outcome too. The arrived file is compared and removed."""
    if missing := tool.missing():
        return Nothing(reason=f"{', '.join(missing)}: not found here")
    for folder in (task.scratch, task.target.parent):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        return _run(tool.plan(task), task, limit_s)
    except (CommandError, OSError, TimeoutError) as error:
        return Nothing(reason=f"failed: {_last_line(error)}")
    finally:
        for folder in (task.scratch, task.target.parent):
            shutil.rmtree(folder, ignore_errors=True)


def _run(plan: Plan, task: Task, limit_s: float) -> Outcome:
    plan.prepare()
    logs = task.scratch / "logs"
    logs.mkdir()
    with start_server((*task.line.b.prefix, *plan.server), logs / "server", plan.environment) as server:
        before = task.line.carried()
        client_log = logs / "client"
        with Started(
            (*task.line.a.prefix, *plan.client),
            output=client_log,
            environment=plan.environment,
            interval_s=WATCH_INTERVAL_S,
        ) as client:
            sender = client.wait(limit_s)
        after = task.line.carried()
        if not sender.cut:
            server.settle(_SETTLE_S)
        receiver = server.stop(_GRACE_S if not sender.cut else 0.0)
    if not sender.cut and not same(task.source, task.target):
        return Nothing(reason="failed: what arrived is not what was sent")
    return Transfer(
        size=task.source.stat().st_size,
        sender=sender,
        receiver=receiver,
        wire_bytes=None if before is None or after is None else after - before,
        said=client_log.read_text(errors="replace"),
    )


def start_server(command: Sequence[str], log: Path, environment: Mapping[str, str] | None) -> Started:
    """A server that has said that it listens. Raises CommandError when it ends, TimeoutError when it doesn't
    say so."""
    server = Started(command, output=log, environment=environment, interval_s=WATCH_INTERVAL_S)
    end = time.monotonic() + _READY_S
    try:
        while not _LISTENING.search(log.read_bytes() + server.errors().encode()):
            if not server.running:
                raise CommandError(f"{' '.join(command)}: ended before it listened\n{server.errors()}")
            if time.monotonic() > end:
                raise TimeoutError(f"{' '.join(command)}: doesn't listen after {_READY_S:.0f} s")
            time.sleep(0.01)
    except BaseException:
        server.stop(0.0)
        raise
    return server


def _last_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__).strip()[:160]
