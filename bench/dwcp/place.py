"""Where a benchmark runs: folders, keys, certificates, ports; and one tool run several times."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.dwcp import certificates
from bench.dwcp.line import Line
from bench.dwcp.ssh import Ssh
from bench.dwcp.transfer import Nothing, Outcome, Task, Tool, Transfer, run


@dataclass(frozen=True, kw_only=True)
class Place:
    """`folder` is in memory where it can be, `disk` on a disk; `kept` stays for the next benchmark."""

    folder: Path
    disk: Path
    kept: Path
    ssh: Ssh

    @classmethod
    def make(cls, folder: Path, disk: Path, kept: Path) -> Place:
        """With new keys and certificates."""
        certificates.write(folder / "certificates")
        return cls(folder=folder, disk=disk, kept=kept, ssh=Ssh.make(folder / "ssh"))

    def transfer(
        self,
        tool: Tool,
        source: Path,
        line: Line,
        *,
        limit_s: float,
        old: Path | None = None,
        prepared: Path | None = None,
        on_disk: bool = False,
    ) -> Outcome:
        """`source` by one tool over one line into an empty folder."""
        base = self.disk if on_disk else self.folder
        task = Task(
            source=source,
            target=base / "target" / source.name,
            line=line,
            port=free_port(),
            ssh=self.ssh,
            certificates=self.folder / "certificates",
            scratch=base / "scratch",
            prepared=prepared or self.kept / "prepared",
            old=old,
        )
        outcome = run(tool, task, limit_s=limit_s)
        say(f"  {tool.name}: {_short(outcome)}")
        return outcome


def free_port() -> int:
    """A port that nobody has here; in the namespaces of a line it is free as well."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def say(line: str) -> None:
    """Progress, apart from the result."""
    print(line, file=sys.stderr, flush=True)


def _short(outcome: Outcome) -> str:
    if isinstance(outcome, Nothing):
        return outcome.reason
    wire = f", {outcome.wire_bytes / 1e6:.1f} MB on the line" if outcome.wire_bytes is not None else ""
    end = ", ended at the limit" if outcome.cut else ""
    return f"{outcome.wall_s:.2f} s, {_megabits(outcome):.0f} Mbit/s{wire}{end}"


def _megabits(transfer: Transfer) -> float:
    return transfer.rate * 8 / 1e6
