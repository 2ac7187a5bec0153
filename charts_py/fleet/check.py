"""One document into an environment, or everything that is wrong with it.

A wrong value hides no other mistake: it is left out, and the rules are checked on what is sound, except
those that speak of the very mapping it stands in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from charts_py.contract.environment import Environment
from charts_py.contract.json_schema import json_schema
from charts_py.contract.load import load
from charts_py.contract.region import RegionSettings
from charts_py.fleet.file_rules import file_findings
from charts_py.fleet.merge import environment, merged_settings
from charts_py.fleet.positions import Mark, Node, Path
from charts_py.fleet.problem import Problem, Source
from charts_py.fleet.settings_rules import Finding, settings_findings
from charts_py.fleet.validate import describe, shape_problems
from charts_py.fleet.yaml_reader import Document


@dataclass(frozen=True, kw_only=True)
class FleetSource:
    """A sound fleet file: the text with its places, and the environment it gives."""

    source: Source
    root: Node
    environment: Environment


def check(document: Document, stem: str) -> FleetSource | tuple[Problem, ...]:
    """The environment of a document, or its problems. stem: the file's name without `.yaml`."""
    root, source = document.root, document.source
    if root is None:
        return document.problems
    places = {(problem.line, problem.column) for problem in document.problems}
    problems = [
        *document.problems,
        *(p for p in shape_problems(root, source) if (p.line, p.column) not in places),
    ]
    if not isinstance(root.value, dict):
        return tuple(problems)
    file = _File(root=root, bad=frozenset(problem.path for problem in problems))
    for finding in file_findings(file.sound, file.regions, file.waivers, stem):
        if not file.doubtful(finding, ((),)):
            problems.append(file.problem(finding, source))
    settings, more = file.region_settings(source)
    problems += (p for p in more if (p.line, p.column) not in places)
    if problems:
        return tuple(dict.fromkeys(problems))
    return FleetSource(source=source, root=root, environment=environment(root.value, settings))


class _File:
    """What is sound of a file, and where its values stand."""

    def __init__(self, *, root: Node, bad: frozenset[Path]) -> None:
        self.root = root
        self.bad = bad
        self.above_bad = {path[:length] for path in bad for length in range(len(path) + 1)}
        self.sound: dict[str, Any] = _sound(root, (), bad)
        self.defaults: dict[str, Any] = self.sound.get("defaults", {})
        self.regions = self._entries("regions")
        self.waivers = self._entries("waivers")

    def _entries(self, key: str) -> dict[int, dict[str, Any]]:
        """What is sound of each mapping in a list, by its position in the file."""
        entry = self.root.find((key,))
        if entry is None or not isinstance(entry.node.value, list):
            return {}
        return {
            position: _sound(item.node, (key, position), self.bad)
            for position, item in enumerate(entry.node.entries.values())
            if isinstance(item.node.value, dict)
        }

    def problem(self, finding: Finding, source: Source) -> Problem:
        """The problem of a finding whose path begins at the top of the file."""
        return source.problem(
            self.mark(finding.path),
            finding.path,
            finding.message,
            found=self.found(finding.path, {}),
            nearest=finding.nearest,
        )

    def region_settings(self, source: Source) -> tuple[list[RegionSettings], list[Problem]]:
        """The merged settings of every region, and what is wrong with them."""
        of_defaults: set[Finding] | None = None
        all_settings: list[RegionSettings] = []
        problems: list[Problem] = []
        for position, region in self.regions.items():
            whole = merged_settings(self.defaults, region)
            settings, findings = checked_settings(whole)
            all_settings.append(settings)
            for finding in findings:
                if of_defaults is None:
                    of_defaults = set(checked_settings(merged_settings(self.defaults))[1])
                if self.doubtful(finding, (("regions", position), ("defaults",))):
                    continue
                here: Path = ("regions", position, *finding.path)
                if finding in of_defaults and self.root.find(here) is None:
                    here = ("defaults", *finding.path)
                problems.append(
                    source.problem(
                        self.mark(here),
                        here,
                        finding.message,
                        found=self.found(here, whole),
                        nearest=finding.nearest,
                    )
                )
        return all_settings, problems

    def mark(self, path: Path) -> Mark:
        """The place of the value at `path`, else of the key of what should hold it."""
        entry = self.root.find(path)
        if entry is not None:
            return entry.node.mark
        for depth in range(len(path) - 1, 0, -1):
            entry = self.root.find(path[:depth])
            if entry is not None:
                return entry.mark
        return self.root.mark

    def found(self, path: Path, whole: Mapping[str, Any]) -> str | None:
        """The scalar at `path`; where it isn't written there, the one in effect and where it comes from."""
        entry = self.root.find(path)
        if entry is not None:
            return None if entry.node.entries else describe(entry.node)
        settings_path = path[2:] if path[0] == "regions" else path[1:]
        value: Any = whole
        for step in settings_path:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is None or isinstance(value, Mapping | list):
            return None
        written = self.root.find(("defaults", *settings_path))
        return f"{value}, {'from defaults' if written is not None else 'the default'}"

    def doubtful(self, finding: Finding, layers: Iterable[Path]) -> bool:
        """Whether a value was left out that the rule looked at: one in the mapping it spans, in any of the
        layers that were merged."""
        for layer in layers if finding.spans is not None else ():
            start: Path = (*layer, *(finding.spans or ()))
            if start in self.above_bad or any(
                start[:n] in self.bad for n in range(len(layer) + 1, len(start))
            ):
                return True
        return False


def _sound(node: Node, path: Path, bad: frozenset[Path]) -> Any:
    """The plain data of a node without what stands at the paths in `bad`."""
    if not bad or not node.entries:
        return node.value
    kept = {
        key: _sound(entry.node, (*path, key), bad)
        for key, entry in node.entries.items()
        if (*path, key) not in bad
    }
    return kept if isinstance(node.value, dict) else list(kept.values())


def checked_settings(data: dict[str, Any]) -> tuple[RegionSettings, list[Finding]]:
    """Merged settings as an object, and the rules that do not hold.

    `data` is fresh from `merged_settings`: a mapping that lacks a required key is taken out of it, and
    nothing else is said of what surrounds that mapping.
    """
    findings = list(_missing(_region_shape(), data, ()))
    around = {finding.path[:-2] for finding in findings}
    for finding in findings:
        _remove(data, finding.path[:-1])
    settings = load(RegionSettings, data)
    findings += (f for f in settings_findings(settings) if not findings or f.path[:-1] not in around)
    return settings, findings


@cache
def _region_shape() -> dict[str, Any]:
    return json_schema(RegionSettings, strict=True, defaults=False)


def _missing(schema: dict[str, Any], data: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    properties = schema["properties"]
    for key in schema.get("required", ()):
        if key not in data:
            yield Finding((*path, key), f"missing: {properties[key]['description']}")
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _missing(properties[key], value, (*path, key))


def _remove(data: Any, path: Path) -> None:
    *above, last = path
    for step in above:
        data = data.get(step, {})
    data.pop(last, None)
