"""What a receiver has on disk of a file that is not whole yet, read as a restarted receiver would."""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

from dwcp_runtime.transport import journal


def durable(folder: Path, name: str) -> int:
    """Bytes of the file for which its journal in `folder` vouches; 0 without one."""
    base = blake3(name.encode()).digest()[:16].hex()
    try:
        data = (folder / ".dwcp" / "incoming" / f"{base}.journal").read_bytes()
    except FileNotFoundError:
        return 0
    if (stage := journal.read_header(data)) is None:
        return 0
    blocks = -(-stage.size // stage.block_size)
    found: set[int] = set()
    for entry in journal.read_records(data, blocks=blocks):
        found.update(range(entry.start, entry.start + entry.count))
    return sum(min(stage.block_size, stage.size - index * stage.block_size) for index in found)
