"""YAML text into plain data with the place of every key and value.

Only what a fleet file needs: one document of mappings, lists and scalars, and plain anchors. What is left
out is refused by name, and every size is bounded, so that no input can hang or exhaust the process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from charts_py.fleet.positions import Entry, Mark, Node, Path
from charts_py.fleet.problem import Problem, Source, quoted
from charts_py.fleet.scalar import resolve

MOST_BYTES: Final = 1024 * 1024
"""Largest file: some 700 regions of 30 lines."""
MOST_VALUES: Final = 50_000
"""Most values in a file, each use of an anchor counted in full: what stops alias bombs."""
DEEPEST: Final = 32
"""Levels of nesting; the settings have 7."""

_NO_TEXT = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_HINTS = {
    "mapping values are not allowed in this context": (
        "`key: value` where no key can stand; check the indentation, and quote text that holds `: `"
    ),
    "did not find expected key": "no key found where one must stand; check the indentation and the quotes",
    "did not find expected '-' indicator": "no `-` found where a list goes on; check the indentation",
    "could not find expected ':'": "a line without `:`; check the indentation, and that the key has a colon",
    "did not find expected ',' or ']'": "a list in brackets that is not closed, or lacks a comma",
    "did not find expected ',' or '}'": "a mapping in braces that is not closed, or lacks a comma",
    "found unexpected end of stream": "the file ends inside quotes; close them",
    "found unknown escape character": "unknown escape in double quotes; write \\\\ for a backslash",
    "found character that cannot start any token": "no value can begin with this character; put it in quotes",
}


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file as read. `root` is None where nothing could be read; `problems` are those of the spelling."""

    source: Source
    root: Node | None
    problems: tuple[Problem, ...]


def read_yaml(data: bytes, file: str) -> Document:
    """Read the bytes of one file. Never raises for what they hold; `file` is its name in problems."""
    source = Source(file=file)
    if len(data) > MOST_BYTES:
        return _refused(source, f"larger than {MOST_BYTES // 1024} KiB; that is no fleet file")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _refused(source, "not UTF-8 but UTF-16; save it as UTF-8")
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _refused(source, f"not UTF-8: byte 0x{data[error.start]:02x} in line {line}; save it as UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    source = Source(file=file, lines=tuple(text.split("\n")))
    if (bad := _NO_TEXT.search(text)) is not None:
        line_start = text.rfind("\n", 0, bad.start()) + 1
        mark = Mark(text.count("\n", 0, bad.start()) + 1, bad.start() - line_start + 1)
        message = f"character U+{ord(bad.group()):04X} has no place in a text file; remove it"
        return Document(source=source, root=None, problems=(source.problem(mark, (), message),))
    return _Reader(source=source).read(text)


def _refused(source: Source, message: str) -> Document:
    return Document(source=source, root=None, problems=(Problem(file=source.file, message=message),))


class _Stop(Exception):  # noqa: N818 - not an error: reading ends here, with the problems found so far
    """Nothing after this place can be read."""


@dataclass
class _Open:
    """A mapping or list whose end is not yet read."""

    mark: Mark
    anchor: str | None
    first: int
    entries: dict[str | int, Entry] = field(default_factory=dict)
    is_list: bool = False
    key: str | int | None = None
    key_mark: Mark | None = None
    skip: bool = False
    height: int = 0


@dataclass(kw_only=True)
class _Reader:
    """Builds nodes from parser events with a stack of its own: nesting costs no recursion."""

    source: Source
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int, int]] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)
    root: Node | None = None
    values: int = 0

    def read(self, text: str) -> Document:
        try:
            self._events(yaml.CSafeLoader(text.encode()))
        except _Stop:
            pass
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
        if self.root is not None and self.root.value is None:
            self.root = None
        if self.root is None and not self.problems:
            message = "empty; a fleet file has at least environment, version and regions"
            self.problems.append(Problem(file=self.source.file, message=message))
        return Document(source=self.source, root=self.root, problems=tuple(self.problems))

    def _events(self, parser: Any) -> None:
        while True:
            event = parser.get_event()
            kind = event.__class__
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._start(event, kind is yaml.SequenceStartEvent)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._end()
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                if self.root is not None:
                    self._problem(_mark(event), "a second document; a fleet file has one, remove this `---`")
                    raise _Stop
            elif kind is yaml.StreamEndEvent:
                return

    def _scalar(self, event: Any) -> None:
        mark = _mark(event)
        expects_key = self._expects_key()
        if event.tag is not None:
            self._tag(mark)
        if expects_key:
            self._key(event, mark)
            return
        value: Any = event.value
        raw = None
        if event.style is None or event.style == "":
            raw = event.value
            value, reason = resolve(event.value)
            if reason is not None:
                self._problem(mark, reason, found=quoted(event.value)[1:-1])
        elif event.style == '"' and _NO_TEXT.search(event.value):
            self._problem(mark, "text with a control character; leave the escape out")
        self._count(mark, 1)
        node = Node(value, mark, raw, {})
        self._anchor(event.anchor, node, 1, 0)
        self._add(node, 0)

    def _key(self, event: Any, mark: Mark) -> None:
        top = self.stack[-1]
        key: str = event.value
        top.key, top.key_mark, top.skip = key, mark, False
        if event.anchor is not None:
            self._problem(mark, "an anchor on a key; anchors belong to values")
        if key == "<<" and event.style in (None, ""):
            top.skip = True
            message = "merge keys are not supported; write what regions share under `defaults`"
            self._problem(mark, message)
        elif key in top.entries:
            top.skip = True
            first = top.entries[key].mark
            self._problem(mark, f"key given twice; first in line {first.line}", child=key)

    def _start(self, event: Any, is_list: bool) -> None:
        mark = _mark(event)
        if event.tag is not None:
            self._tag(mark)
        if self._expects_key():
            self._problem(mark, "a mapping or list as a key; keys are plain words")
            raise _Stop
        if len(self.stack) >= DEEPEST:
            self._problem(mark, f"nested deeper than {DEEPEST} levels")
            raise _Stop
        self._count(mark, 1)
        self.stack.append(_Open(mark, event.anchor, self.values, is_list=is_list))
        if is_list:
            self.stack[-1].key = 0

    def _end(self) -> None:
        top = self.stack.pop()
        children = (entry.node.value for entry in top.entries.values())
        value: Any = list(children) if top.is_list else dict(zip(top.entries, children, strict=True))
        node = Node(value, top.mark, None, top.entries)
        self._anchor(top.anchor, node, self.values - top.first + 1, top.height)
        self._add(node, top.height)

    def _alias(self, event: Any) -> None:
        mark = _mark(event)
        if self._expects_key():
            self._problem(mark, "an alias as a key; write the key out")
            raise _Stop
        known = self.anchors.get(event.anchor)
        if known is None:
            name = quoted(event.anchor)[1:-1]
            message = f"alias *{name} has no anchor &{name} before it"
            if any(level.anchor == event.anchor for level in self.stack):
                message = f"alias *{name} stands inside its own anchor"
            self._problem(mark, message)
            raise _Stop
        node, size, height = known
        self._count(mark, size)
        if len(self.stack) + height > DEEPEST:
            self._problem(mark, f"nested deeper than {DEEPEST} levels")
            raise _Stop
        self._add(node, height)

    def _add(self, node: Node, height: int) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        top.height = max(top.height, height + 1)
        if top.is_list:
            position = len(top.entries)
            top.entries[position] = Entry(node.mark, node)
            top.key = position + 1
            return
        key, mark = top.key, top.key_mark
        top.key = None
        if not top.skip and key is not None and mark is not None:
            top.entries[key] = Entry(mark, node)

    def _expects_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].key is None

    def _anchor(self, name: str | None, node: Node, size: int, height: int) -> None:
        if name is not None:
            self.anchors[name] = (node, size, height)

    def _count(self, mark: Mark, more: int) -> None:
        self.values += more
        if self.values > MOST_VALUES:
            self._problem(mark, f"more than {MOST_VALUES} values, each use of an anchor counted in full")
            raise _Stop

    def _tag(self, mark: Mark) -> None:
        self._problem(mark, "tags are not supported; remove it, and put text in quotes")

    def _problem(
        self, mark: Mark, message: str, *, child: str | None = None, found: str | None = None
    ) -> None:
        path: Path = tuple(level.key for level in self.stack if level.key is not None)
        if child is not None and (not path or path[-1] != child):
            path = (*path, child)
        self.problems.append(self.source.problem(mark, path, message, found=found))

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        place = error.problem_mark or error.context_mark
        if place is not None and error.context_mark is not None and place.line >= len(self.source.lines):
            place = error.context_mark
        mark = Mark(place.line + 1, place.column + 1) if place is not None else Mark(1, 1)
        words = error.problem or "unreadable"
        message = _HINTS.get(words)
        line = self.source.lines[mark.line - 1] if mark.line <= len(self.source.lines) else ""
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            mark = Mark(mark.line, indent.index("\t") + 1)
            message = "a tab in the indentation; use spaces"
        elif message is None:
            message = f"not valid YAML: {words}"
        self.problems.append(self.source.problem(mark, (), message))
        self.root = None


def _mark(event: Any) -> Mark:
    place = event.start_mark
    return Mark(place.line + 1, place.column + 1)
