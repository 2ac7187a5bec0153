"""Where each key and value of a file stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
"""Keys and list positions from the top of a file down to a value."""


class Mark(NamedTuple):
    """A place in a file, both counted from 1; columns in characters."""

    line: int
    column: int


class Node(NamedTuple):
    """A value: as plain data, where it begins, how it was written (plain scalars only), what it holds."""

    value: Any
    mark: Mark
    raw: str | None
    entries: Mapping[str | int, Entry]

    def find(self, path: Path) -> Entry | None:
        """The entry at `path` below this node, None where there is none. The empty path has no entry."""
        entry: Entry | None = None
        node = self
        for step in path:
            entry = node.entries.get(step)
            if entry is None:
                return None
            node = entry.node
        return entry


class Entry(NamedTuple):
    """A value inside another: where its key begins (for list items the value itself), and the value."""

    mark: Mark
    node: Node
