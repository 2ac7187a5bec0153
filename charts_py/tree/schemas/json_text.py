"""JSON that is small and still gives readable diffs."""

from __future__ import annotations

import json

WIDTH = 110


def compact_json(value: object, *, width: int = WIDTH) -> str:
    """`value` with sorted keys; whatever fits on one line of `width` columns stands on one line.

    The same value gives the same text on every machine. Ends with a newline.
    """
    return "".join(_render(value, 0, "", width)) + "\n"


def _render(value: object, depth: int, label: str, width: int) -> list[str]:
    indent = " " * depth
    line = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if len(indent) + len(label) + len(line) < width or not isinstance(value, dict | list) or not value:
        return [indent, label, line]
    if isinstance(value, dict):
        children = [(json.dumps(key, ensure_ascii=False) + ": ", value[key]) for key in sorted(value)]
        opening, closing = "{", "}"
    else:
        children = [("", item) for item in value]
        opening, closing = "[", "]"
    parts = [indent, label, opening]
    for number, (child_label, child) in enumerate(children):
        parts.append(",\n" if number else "\n")
        parts.extend(_render(child, depth + 1, child_label, width))
    return [*parts, "\n", indent, closing]
