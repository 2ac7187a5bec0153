"""The file of a page, which an interruption leaves as it was."""

from __future__ import annotations

from pathlib import Path


def write(path: Path, text: str) -> None:
    """All of it or nothing."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)
