"""Where an effective value comes from: a place in a fleet file, a default, or other settings."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from charts_py.contract.environment import Environment
from charts_py.contract.region import Region, RegionSettings
from charts_py.contract.setting import info_of, key_of, plain
from charts_py.fleet.check import FleetSource, checked_settings
from charts_py.fleet.merge import merged_settings
from charts_py.fleet.nearest import nearest
from charts_py.fleet.positions import Mark, Path

_SEPARATORS = re.compile(r"[\s./\[\]]+")
_NOT_SET = frozenset({"environment", "position", "members"})
_OTHERS = {
    "peers": "every other region with dwcp.enabled and network.dwcpEndpoint",
    "copies": "every other region with backup.enabled and backup.crossRegion",
}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """`file`: written at file:line:column. `default`: the built-in one. `derived`: from what `words` say."""

    kind: Literal["file", "default", "derived"]
    file: str | None = None
    line: int | None = None
    column: int | None = None
    words: str | None = None

    def __str__(self) -> str:
        if self.kind == "file":
            return f"{self.file}:{self.line}:{self.column}"
        return f"{self.kind}: {self.words}" if self.words else self.kind


@dataclass(frozen=True, kw_only=True)
class Row:
    """An effective value, as JSON-compatible data, and where it comes from."""

    path: str
    value: Any
    origin: Origin

    def to_json(self) -> dict[str, Any]:
        """As JSON-compatible data; what an origin doesn't have is left out."""
        origin = {key: entry for key, entry in dataclasses.asdict(self.origin).items() if entry is not None}
        return {"path": self.path, "value": self.value, "origin": origin}


class UnknownPathError(LookupError):
    """A path that names nothing, with what could stand in its place."""

    def __init__(self, path: str, step: str, allowed: Sequence[str]) -> None:
        self.path = path
        self.step = step
        self.allowed = tuple(allowed)
        self.nearest = nearest(step, allowed)
        super().__init__(path, step)

    def __str__(self) -> str:
        where = f" under {self.path}" if self.path else ""
        text = f"nothing is called {self.step}{where}"
        if not self.allowed:
            return f"{text}: it is a value"
        meant = f"; did you mean {self.nearest}?" if self.nearest else ";"
        return f"{text}{meant} known: {', '.join(self.allowed)}"


def explain(files: Sequence[FleetSource], path: str) -> tuple[Row, ...]:
    """The value at `path`, or all values below it, in the order of the settings.

    `production.regions.us-east-1.api.minReplicas`, `production/us-east-1 api.minReplicas` and the
    `regions[0].api.minReplicas` of an error with `production` before it are the same: dots, slashes, blanks
    and brackets all separate, and `regions` may be left out. Without a region, the value of each region is
    listed. UnknownPathError names the nearest step where nothing is called so.
    """
    steps = [step for step in _SEPARATORS.split(path) if step]
    tree = {file.environment.name: _environment(file) for file in files}
    return tuple(_rows(tree, steps, ()))


def render_rows(rows: Sequence[Row]) -> str:
    """Rows as aligned columns: path, value, origin."""
    cells = [(row.path, "-" if row.value is None else _show(row.value), str(row.origin)) for row in rows]
    widths = [max((len(cell[i]) for cell in cells), default=0) for i in (0, 1)]
    return "\n".join(f"{path:<{widths[0]}}  {value:<{widths[1]}}  {origin}" for path, value, origin in cells)


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


class _Regions(dict[str, Any]):
    """Regions by name; a position stands for a name."""

    def __missing__(self, step: str) -> Any:
        if step.isdecimal() and int(step) < len(self):
            return list(self.values())[int(step)]
        raise KeyError(step)


def _rows(tree: Any, steps: Sequence[str], done: Path) -> Iterator[Row]:
    if isinstance(tree, Row):
        if steps:
            raise UnknownPathError(tree.path, steps[0], [])
        yield tree
    elif not steps:
        for key, below in tree.items():
            if key == "defaults" and len(done) == 1:
                continue  # each region shows what it takes from them
            yield from _rows(below, (), (*done, key))
    else:
        yield from _step(tree, steps, done)


def _step(tree: dict[str, Any], steps: Sequence[str], done: Path) -> Iterator[Row]:
    step, *rest = steps
    regions: dict[str, Any] = tree.get("regions", {}) if len(done) == 1 else {}
    try:
        below = tree[step]
    except KeyError:
        if step in regions:
            yield from _rows(regions[step], rest, (*done, "regions", step))
            return
        first: dict[str, Any] = next(iter(regions.values()), {})
        if step in first:
            for name, region in regions.items():
                yield from _rows(region, steps, (*done, "regions", name))
            return
        known = [*tree, *regions, *(key for key in first if key not in tree)]
        raise UnknownPathError(".".join(map(str, done)), step, known) from None
    yield from _rows(below, rest, (*done, step))


def _environment(file: FleetSource) -> dict[str, Any]:
    environment, top = file.environment, (environment_name := file.environment.name,)
    first = environment.regions[0]
    home = next(region.name for region in environment.regions if region.members)
    tree: dict[str, Any] = {
        "environment": _row(file, (*top, "environment"), environment_name, [("environment",)], None),
        "version": _row(file, (*top, "version"), environment.version, [("version",)], None),
        "images": _tree(file, first.images, (*top, "images"), [("images",)]),
        "argocd": _tree(file, environment.argocd, (*top, "argocd"), [("argocd",)]),
        "home": _row(file, (*top, "home"), home, [("home",)], "the first region"),
        "defaults": _tree(file, _defaults(file), (*top, "defaults"), [("defaults",)]),
        "regions": _Regions(
            {region.name: _region(file, environment, region) for region in environment.regions}
        ),
    }
    if environment.waivers:
        tree["waivers"] = {
            str(position): _tree(file, waiver, (*top, "waivers", str(position)), [("waivers", position)])
            for position, waiver in enumerate(environment.waivers)
        }
    return tree


def _defaults(file: FleetSource) -> RegionSettings:
    return checked_settings(merged_settings(file.root.value.get("defaults", {})))[0]


def _region(file: FleetSource, environment: Environment, region: Region) -> dict[str, Any]:
    top: Path = (environment.name, "regions", region.name)
    layers: list[Path] = [("regions", region.position), ("defaults",), ()]
    tree: dict[str, Any] = {}
    own = {"name": None, "cluster": "the region's name", "version": None}
    for key, words in own.items():
        paths: list[Path] = [(*layers[0], key)] if key != "version" else [("version",)]
        tree[key] = _row(file, (*top, key), getattr(region, key), paths, words)
    for declared in dataclasses.fields(Region):
        key, value = key_of(declared), getattr(region, declared.name)
        if declared.name in _NOT_SET or key in tree:
            continue
        if key in _OTHERS:
            tree[key] = _row(file, (*top, key), [other.region for other in value], [], _OTHERS[key])
        else:
            tree[key] = _setting(file, declared, value, (*top, key), [(*layer, key) for layer in layers])
    return tree


def _tree(file: FleetSource, settings: Any, shown: Path, places: list[Path]) -> dict[str, Any]:
    tree = {}
    for declared in dataclasses.fields(settings):
        key = key_of(declared)
        below = [(*place, key) for place in places]
        tree[key] = _setting(file, declared, getattr(settings, declared.name), (*shown, key), below)
    return tree


def _setting(
    file: FleetSource, declared: dataclasses.Field[Any], value: Any, shown: Path, places: list[Path]
) -> Any:
    if dataclasses.is_dataclass(value):
        return _tree(file, value, shown, places)
    words = info_of(declared).default_words if value is None or value == () else None
    return _row(file, shown, plain(value), places, words)


def _row(file: FleetSource, shown: Path, value: Any, places: list[Path], words: str | None) -> Row:
    path = ".".join(str(step) for step in shown)
    for place in places:
        entry = file.root.find(place)
        if entry is not None:
            return Row(path=path, value=value, origin=_written(file, entry.node.mark))
    if words is not None and value not in (None, []):
        return Row(path=path, value=value, origin=Origin(kind="derived", words=words))
    return Row(path=path, value=value, origin=Origin(kind="default", words=words))


def _written(file: FleetSource, mark: Mark) -> Origin:
    return Origin(kind="file", file=file.source.file, line=mark.line, column=mark.column)
