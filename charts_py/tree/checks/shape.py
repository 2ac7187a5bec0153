"""Read a manifest without trusting its shape: the schema check reports a wrong type, the rules skip it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def at(value: object, *path: str) -> Any:
    """What lies at `path` inside nested mappings, None when it is absent or the way there isn't a mapping."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def mapping(value: object, *path: str) -> Mapping[str, Any]:
    """The mapping at `path`, empty when there is none."""
    found = at(value, *path)
    return found if isinstance(found, dict) else {}


def mappings(value: object, *path: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The mappings in the list at `path`, each with its index."""
    found = at(value, *path)
    if isinstance(found, list):
        for index, item in enumerate(found):
            if isinstance(item, dict):
                yield index, item


def texts(value: object, *path: str) -> Iterator[tuple[int, str]]:
    """The strings in the list at `path`, each with its index."""
    found = at(value, *path)
    if isinstance(found, list):
        for index, item in enumerate(found):
            if isinstance(item, str):
                yield index, item


def text(value: object, *path: str) -> str:
    """The string at `path`, "" when there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def number(value: object, *path: str) -> int | None:
    """The integer at `path`, None when there is none (true and false are not integers here)."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def string_map(value: object, *path: str) -> dict[str, str]:
    """The entries of the mapping at `path` whose values are strings."""
    return {key: item for key, item in mapping(value, *path).items() if isinstance(item, str)}
