"""What memory a process takes, by the kernel's own account."""

from __future__ import annotations

from pathlib import Path


def peak(pid: int) -> int:
    """The most bytes that the process ever had in memory (VmHWM)."""
    return _field(pid, "VmHWM")


def now(pid: int) -> int:
    """Bytes that the process has in memory (VmRSS)."""
    return _field(pid, "VmRSS")


def _field(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"{pid} has ended")
