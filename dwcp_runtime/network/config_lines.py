"""YAML text into plain data, with the line of every value.

A small subset: one document of mappings, lists and scalars. Aliases, tags and duplicate keys are refused, and
size and depth are bounded, so that no file can hang the agent or exhaust its memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from dwcp_runtime.network.config_error import ConfigError, Mistake

MOST_BYTES: Final = 1024 * 1024
"""What a ConfigMap can hold at most."""

_DEEPEST: Final = 32

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Plain data, and where its values stand: `line` of every path, counted from 1."""

    value: Any
    line: Mapping[Path, int]

    def nearest(self, path: Path) -> int | None:
        """The line of the value at `path`, else of what should hold it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.line:
                return self.line[path[:length]]
        return None


def read_lines(data: bytes, file: str) -> Lines:
    """The data of a file's bytes. Raises ConfigError; `file` is its name in messages."""
    if len(data) > MOST_BYTES:
        raise ConfigError(
            file, [Mistake(message=f"larger than {MOST_BYTES // 1024} KiB, which is no config")]
        )
    try:
        text = data.decode("utf-8-sig")
        return _read(text, file)
    except UnicodeDecodeError as error:
        message = f"not UTF-8: byte 0x{data[error.start]:02x}; save the file as UTF-8"
        raise ConfigError(
            file, [Mistake(message=message, line=data.count(b"\n", 0, error.start) + 1)]
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not valid YAML: {error.problem or 'unreadable'}; check indentation and quotes"
        raise ConfigError(file, [Mistake(message=message, line=mark.line + 1 if mark else None)]) from None
    except yaml.YAMLError as error:
        reason = getattr(error, "reason", None) or "unreadable"
        raise ConfigError(file, [Mistake(message=f"not valid YAML: {reason}")]) from None


def _read(text: str, file: str) -> Lines:
    loader = yaml.CSafeLoader(text)
    try:
        _refuse_what_is_not_needed(text, file)
        node = loader.get_single_node()
        if node is None:
            raise ConfigError(
                file, [Mistake(message="empty; a configuration has at least environment and region")]
            )
        lines: dict[Path, int] = {}
        value = _plain(loader, node, (), lines, file)
    finally:
        loader.dispose()
    return Lines(value=value, line=lines)


def _refuse_what_is_not_needed(text: str, file: str) -> None:
    """Before nodes are built: what could make building them expensive."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(file, [Mistake(message="an alias; write the value out", line=line)])
        if getattr(event, "tag", None) is not None:
            raise ConfigError(file, [Mistake(message="a tag; remove it, and put text in quotes", line=line)])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                message = f"nested deeper than {_DEEPEST} levels"
                raise ConfigError(file, [Mistake(message=message, line=line)])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 1


def _plain(loader: Any, node: yaml.Node, path: Path, lines: dict[Path, int], file: str) -> Any:
    lines[path] = _line(node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, (*path, at), lines, file) for at, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = _line(key)
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(file, [Mistake(message="keys are plain words", path=path, line=line)])
            if key.value in found:
                raise ConfigError(
                    file, [Mistake(message="key given twice", path=(*path, key.value), line=line)]
                )
            found[key.value] = _plain(loader, value, (*path, key.value), lines, file)
        return found
    return _scalar(loader, node)


_WHOLE: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}


def _scalar(loader: Any, node: yaml.Node) -> Any:
    """Only what every YAML reader takes for a number or a switch is one: 010, 1_000 and yes stay text."""
    if node.tag.endswith((":int", ":bool", ":null")):
        if _WHOLE.fullmatch(node.value):
            return int(node.value)
        return _WORDS.get(node.value.lower(), node.value)
    if node.tag.endswith(":float"):
        return loader.construct_object(node)
    return node.value
