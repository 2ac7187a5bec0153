"""What a receiver has on disk of a file that is not whole yet, read as a restarted receiver would."""

from __future__ import annotations

from pathlib import Path

from dwcp_runtime.transport import journal


def durable(folder: Path) -> int:
    """Bytes of the file for which the journal of the only stage in `folder` vouches; 0 without one."""
    total = 0
    for path in (folder / ".dwcp" / "incoming").glob("*.journal"):
        data = path.read_bytes()
        if (stage := journal.read_header(data)) is None:
            continue
        blocks = -(-stage.size // stage.block_size)
        found: set[int] = set()
        for entry in journal.read_records(data, blocks=blocks):
            found.update(range(entry.start, entry.start + entry.count))
        total += sum(min(stage.block_size, stage.size - index * stage.block_size) for index in found)
    return total
