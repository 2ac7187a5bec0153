"""Writing a subschema that occurs many times once.

CRDs have no references, so that their generators nest whole types: ApplicationSet repeats the same ones some
thirty times. Shared, it is a fraction of the size, and so is the time that kubeconform needs to compile it.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from charts_py.tree.schemas.structural import Schema

MIN_SIZE = 200
"""Characters of JSON; smaller subschemas read better in place."""

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("additionalProperties", "items", "not")


def share(schema: Schema) -> Schema:
    """`schema` with each repeated subschema moved into `definitions`; it accepts exactly the same documents.

    `schema` must not have references or definitions yet. The result is the same on every machine.
    """
    uses: Counter[str] = Counter()
    paths: dict[str, tuple[str, ...]] = {}
    waiting: list[tuple[Schema, tuple[str, ...]]] = [(schema, ())]
    while waiting:
        node, path = waiting.pop()
        # A subschema inside a repeated one is seen once: only uses that sharing would leave over count.
        for name, child in _children(node):
            text = _text(child)
            uses[text] += 1
            if text not in paths:
                paths[text] = (*path, name) if name else path
                waiting.append((child, paths[text]))
    names: dict[str, str] = {}
    repeated = (text for text, count in uses.items() if count > 1 and len(text) >= MIN_SIZE)
    for text in sorted(repeated, key=lambda text: (paths[text], text)):
        names[text] = _unused(".".join(paths[text][-2:]), names.values())
    if not names:
        return schema
    definitions = {name: _replaced(json.loads(text), names) for text, name in names.items()}
    return {**_replaced(schema, names), "definitions": definitions}


def _unused(wish: str, taken: Collection[str]) -> str:
    """`wish`, spelt so that it needs no escaping in a reference, with a number if it is taken."""
    base = re.sub(r"[^A-Za-z0-9.]", "-", wish)
    candidates = (base if number == 1 else f"{base}-{number}" for number in itertools.count(1))
    return next(name for name in candidates if name not in taken)


def _text(node: Schema) -> str:
    return json.dumps(node, sort_keys=True)


def _children(node: Schema) -> Iterator[tuple[str, Schema]]:
    for name, child in sorted((node.get("properties") or {}).items()):
        yield name, child
    for key in _SINGLE:
        if isinstance(node.get(key), Mapping):
            yield "", node[key]
    for key in _LISTS:
        for child in node.get(key, ()):
            yield "", child


def _replaced(node: Schema, names: Mapping[str, str]) -> Schema:
    """`node` with its children, but never itself, replaced by references."""

    def child_of(child: Schema) -> Schema:
        name = names.get(_text(child))
        return {"$ref": f"#/definitions/{name}"} if name else _replaced(child, names)

    out = dict(node)
    if "properties" in node:
        out["properties"] = {name: child_of(child) for name, child in node["properties"].items()}
    for key in _SINGLE:
        if isinstance(node.get(key), Mapping):
            out[key] = child_of(node[key])
    for key in _LISTS:
        if key in node:
            out[key] = [child_of(child) for child in node[key]]
    return out
