"""ApplicationSets as the Applications that they will make."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import product
from typing import Any, Final

from charts_py.contract.manifest import Manifest
from charts_py.tree.checks.shape import at, mapping, mappings, text

EXPRESSION: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
FIELD: Final = re.compile(r"\.?([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)")
AS_JSON: Final = re.compile(r"toJson \.([A-Za-z_]\w*)")
SEGMENT: Final = re.compile(r"index \.path\.segments (\d+)")


class UnreadableError(ValueError):
    """An ApplicationSet uses something that can't be evaluated without Argo CD; the message says what."""


def applications(manifest: Manifest, directories: Mapping[str, object]) -> list[Mapping[str, Any]]:
    """The Applications of an ApplicationSet, given the repository's directories.

    Evaluates list, git-directory and matrix generators and plain fields of Go templates and `toJson`; raises
    UnreadableError for anything else.
    """
    if at(manifest, "spec", "templatePatch"):
        raise UnreadableError("templatePatch can't be evaluated")
    made: list[Mapping[str, Any]] = []
    for _, generator in mappings(manifest, "spec", "generators"):
        for parameters in _parameters(generator, directories):
            made.append(_render(mapping(manifest, "spec", "template"), parameters))
    return made


def _parameters(generator: Mapping[str, Any], directories: Mapping[str, object]) -> Iterator[dict[str, Any]]:
    if "list" in generator:
        for _, element in mappings(generator, "list", "elements"):
            yield dict(element)
    elif "matrix" in generator:
        inner = [
            list(_parameters(item, directories)) for _, item in mappings(generator, "matrix", "generators")
        ]
        for combination in product(*inner):
            yield {key: value for parameters in combination for key, value in parameters.items()}
    elif at(generator, "git", "directories"):
        patterns = [text(item, "path") for _, item in mappings(generator, "git", "directories")]
        for path in directories:
            if any(path.count("/") == known.count("/") and fnmatchcase(path, known) for known in patterns):
                segments = path.split("/")
                yield {"path": {"path": path, "basename": segments[-1], "segments": segments}}
    else:
        raise UnreadableError(f"generator {', '.join(generator) or '{}'} can't be evaluated")


def _render(template: Any, parameters: Mapping[str, Any]) -> Any:
    if isinstance(template, dict):
        return {_render(key, parameters): _render(value, parameters) for key, value in template.items()}
    if isinstance(template, list):
        return [_render(item, parameters) for item in template]
    if isinstance(template, str):
        return EXPRESSION.sub(lambda found: _value(found[1], parameters), template)
    return template


def _value(expression: str, parameters: Mapping[str, Any]) -> str:
    field = FIELD.fullmatch(expression)
    segment = SEGMENT.fullmatch(expression)
    structure = AS_JSON.fullmatch(expression)
    value: object = None
    if field:
        value = at(parameters, *field[1].split("."))
    elif structure and structure[1] in parameters:
        return json.dumps(parameters[structure[1]])
    elif segment:
        segments = at(parameters, "path", "segments")
        if isinstance(segments, list) and int(segment[1]) < len(segments):
            value = segments[int(segment[1])]
    if not isinstance(value, (str, int)):
        raise UnreadableError(f"template expression {expression!r} has no value")
    return str(value)
