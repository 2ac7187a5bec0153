"""A document against the shape of a fleet file: every deviation as a problem with its place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from charts_py.contract.setting import matches
from charts_py.fleet.accepts import accepts
from charts_py.fleet.nearest import nearest
from charts_py.fleet.positions import Mark, Node, Path
from charts_py.fleet.problem import Problem, Source, quoted
from charts_py.fleet.shape import written_shape
from charts_py.fleet.spellings import spelling

_NOUNS: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}
_ORDER: Final = ("type", "enum", "pattern")
"""Of several errors of one value the first of these is told, then any other."""
_MOST_GUESSED: Final = 20
"""Above so many unknown keys in one mapping, it is not a misspelt mapping but a foreign one."""


def shape_problems(root: Node, source: Source) -> tuple[Problem, ...]:
    """Where the document deviates from the shape, one problem for each key or value. Empty if it fits."""
    schema = written_shape()
    if accepts(schema, root.value):
        return ()
    found: dict[tuple[Path, Mark], tuple[int, Problem]] = {}
    for error in _judge()(schema).iter_errors(root.value):
        path = tuple(error.absolute_path)
        rank = _ORDER.index(error.validator) if error.validator in _ORDER else len(_ORDER)
        for problem in _problems(error, path, root, source):
            key = (problem.path, Mark(problem.line or 0, problem.column or 0))
            if key not in found or rank < found[key][0]:
                found[key] = (rank, problem)
    return tuple(problem for _, problem in found.values())


def describe(node: Node) -> str:
    """A value in the words of a problem: as it was written, or what kind of thing it is."""
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, str):
        return quoted(node.value)
    return f"{'' if isinstance(node.value, bool) else 'the number '}{node.raw or node.value}"


@cache
def _judge() -> Any:
    """The validator class of jsonschema, with two differences of Python evened out: 3.0 is no whole number,
    because a manifest would say 3.0, and a pattern's `$` is the end of the text, as in every other
    language."""
    import jsonschema  # here, because only a wrong file needs it

    def is_whole(_checker: object, instance: object) -> bool:
        return isinstance(instance, int) and not isinstance(instance, bool)

    def pattern(_validator: object, wanted: str, instance: object, _schema: object) -> Iterator[Any]:
        if isinstance(instance, str) and not matches(wanted, instance):
            yield jsonschema.ValidationError("does not match")

    extend: Any = jsonschema.validators.extend  # its stub has no types
    draft = jsonschema.Draft202012Validator
    checker = draft.TYPE_CHECKER.redefine("integer", is_whole)
    return extend(draft, {"pattern": pattern}, type_checker=checker)


def _problems(error: Any, path: Path, root: Node, source: Source) -> Iterator[Problem]:
    entry = root.find(path)
    node = root if entry is None else entry.node
    schema: dict[str, Any] = error.schema
    match error.validator:
        case "additionalProperties":
            allowed = tuple(schema["properties"])
            unknown = [key for key in node.entries if key not in schema["properties"]]
            for key in unknown:
                yield source.problem(
                    node.entries[key].mark,
                    (*path, key),
                    "unknown key",
                    found=str(key),
                    allowed=allowed,
                    nearest=_meant(str(key), schema) if len(unknown) <= _MOST_GUESSED else None,
                )
        case "required":
            for key in error.validator_value:
                if key not in node.entries:
                    words = schema["properties"][key].get("description", "")
                    mark = Mark(1, 1) if entry is None else entry.mark
                    yield source.problem(mark, (*path, key), f"missing: {words}".rstrip(": "))
        case "type":
            yield _wrong_type(node, path, schema, source)
        case "enum":
            allowed = tuple(str(word) for word in schema["enum"])
            meant = nearest(str(node.value), allowed)
            yield source.problem(
                node.mark, path, "no such choice", found=describe(node), allowed=allowed, nearest=meant
            )
        case _:
            yield source.problem(node.mark, path, _limit(error, schema), found=_measure(error, node))


def _wrong_type(node: Node, path: Path, schema: dict[str, Any], source: Source) -> Problem:
    wanted = schema["type"]
    allowed = tuple(str(word) for word in schema.get("enum", ()))
    message = f"must be {_NOUNS[wanted]}"
    if wanted == "integer" and _range(schema):
        message += f" {_range(schema)}"
    if node.value is None:
        message += "; leave the key out for its default"
    elif wanted == "string" and node.raw is not None:
        if (allowed and node.raw not in allowed) or not matches(schema.get("pattern", ""), node.raw):
            message += f" in quotes: {spelling(schema['pattern'])}" if "pattern" in schema else " in quotes"
        else:
            message += f'; quote it: "{node.raw}"'
            allowed = ()
    elif wanted in ("integer", "boolean") and node.raw is None and isinstance(node.value, str):
        message += " without quotes"
    elif wanted == "array" and not isinstance(node.value, dict):
        message += f", as in [{node.raw or quoted(str(node.value))}]"
    return source.problem(node.mark, path, message, found=describe(node), allowed=allowed)


def _limit(error: Any, schema: dict[str, Any]) -> str:
    value = error.validator_value
    match error.validator:
        case "pattern":
            return f"must be {spelling(value)}"
        case "minimum" | "maximum":
            return f"must be {_range(schema)}"
        case "maxLength":
            return f"must have at most {value} characters"
        case "minItems":
            return f"must have at least {value} {'entry' if value == 1 else 'entries'}"
        case "maxItems":
            return f"must have at most {value} {'entry' if value == 1 else 'entries'}"
    return str(error.message)


def _measure(error: Any, node: Node) -> str:
    if error.validator in ("maxLength", "minItems", "maxItems"):
        return str(len(node.value))
    return describe(node).removeprefix("the number ")


def _range(schema: dict[str, Any]) -> str:
    match schema.get("minimum"), schema.get("maximum"):
        case None, None:
            return ""
        case low, None:
            return f"of {low} or more"
        case None, high:
            return f"of at most {high}"
        case low, high:
            return f"from {low} to {high}"
    raise AssertionError("every case is above")


def _meant(key: str, schema: dict[str, Any]) -> str | None:
    """The misspelt key of this mapping, else where below it a key of that very name is."""
    return nearest(key, schema["properties"]) or _deeper(key, schema)


def _deeper(key: str, schema: dict[str, Any]) -> str | None:
    for name, entry in schema["properties"].items():
        below = entry.get("properties", {})
        if key in below:
            return f"{name}.{key}"
        if below and (path := _deeper(key, entry)) is not None:
            return f"{name}.{path}"
    return None
