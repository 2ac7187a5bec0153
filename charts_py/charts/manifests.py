"""Many Kubernetes objects into cdk8s by one crossing to Node, and a whole chart back by one."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import constructs
import jsii

from charts_py.charts._jsii import ASSEMBLY, cdk8s
from charts_py.contract.manifest import Manifest, ObjectId

_INTEGER_KEY = re.compile(r'[{,]"(?:0|[1-9][0-9]*)":')
"""In compact JSON: a key that JavaScript moves to the front of its object. A string's quotes are escaped."""


class Manifests(constructs.Construct, metaclass=jsii.JSIIMeta, jsii_type=f"{ASSEMBLY.name}.Manifests"):
    """A construct of plain manifests: each becomes a cdk8s `ApiObject` below it, in the given order.

    The manifests come out as they go in. Every name is given, never made of a cdk8s hash, because a changed
    hash deletes and creates; a namespace is only where the manifest says so, also in a `Chart(namespace=)`.

    Args:
        scope: a chart, or a construct inside of one.
        id: unique in its scope. Directly below a chart it is the component that `render` names.
        manifests: objects with apiVersion, kind and metadata.name; JSON-compatible data.

    Raises:
        ManifestError: something that is no manifest, or two of the same identity.
    """

    def __init__(self, scope: constructs.Construct, id: str, manifests: Sequence[Manifest]) -> None:
        given = list(manifests)
        text = _to_json(id, given)
        number = next(_NUMBERS)
        jsii.create(self.__class__, self, [scope, id, text, number])
        chart = scope if isinstance(scope, cdk8s.Chart) else cdk8s.Chart.of(scope)
        source = _Source(manifests=given, has_integer_keys=_INTEGER_KEY.search(text) is not None)
        _SOURCES.setdefault(chart, {})[number] = source


@dataclass(frozen=True, kw_only=True)
class _Source:
    """What one `Manifests` was given."""

    manifests: list[Manifest]
    has_integer_keys: bool


_NUMBERS = itertools.count()
_SOURCES: WeakKeyDictionary[cdk8s.Chart, dict[int, _Source]] = WeakKeyDictionary()


def render(chart: cdk8s.Chart) -> list[tuple[str, Manifest]]:
    """What cdk8s makes of a chart: (component, manifest) of every object, in construct order.

    The component is the id of the chart's child that holds the object. cdk8s validates the constructs and
    renders each object; keys are in the order in which they were given.

    Raises:
        RenderError: an object was lost, added or changed on the way, or belongs to no component.
    """
    rows: list[tuple[str, int | None, Manifest]] = json.loads(jsii.sinvoke(Manifests, "render", [chart]))
    sources = _SOURCES.get(chart, {})
    given = [manifest for source in sources.values() for manifest in source.manifests]
    if len(rows) != len(given):
        raise RenderError(
            f"{len(given)} objects went into cdk8s and {len(rows)} came out: "
            + _lost(given, [manifest for _, _, manifest in rows])
        )
    remaining = {number: iter(source.manifests) for number, source in sources.items()}
    rendered: list[tuple[str, Manifest]] = []
    for component, number, after in rows:
        if number is None or not component:
            raise RenderError(f"{ObjectId.of(after)} is in no component: give it to a Manifests construct")
        before = next(remaining[number])
        if after != before:
            where, why = _difference(before, after)
            raise RenderError(f"cdk8s changed {ObjectId.of(before)} at {where}: {why}")
        kept = _in_order_of(before, after) if sources[number].has_integer_keys else after
        rendered.append((component, kept))
    return rendered


def _to_json(id: str, manifests: Sequence[Manifest]) -> str:
    """The list as compact JSON, after the checks that make an error name the object."""
    seen: set[ObjectId] = set()
    for index, manifest in enumerate(manifests):
        try:
            identity = ObjectId.of(manifest)
        except (AttributeError, KeyError, TypeError) as error:
            raise ManifestError(
                f"{id}[{index}] is no manifest: apiVersion, kind and metadata.name are needed"
            ) from error
        if identity in seen:
            raise ManifestError(f"{id}: two objects are {identity}")
        seen.add(identity)
    try:
        return json.dumps(manifests, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ManifestError(f"{id}: {error}; a manifest is JSON-compatible data") from error


def _lost(given: Iterable[Manifest], rendered: Iterable[Manifest]) -> str:
    """The objects that are on one side only."""
    changed = {ObjectId.of(manifest) for manifest in given} ^ {ObjectId.of(manifest) for manifest in rendered}
    return ", ".join(map(str, sorted(changed))) or "two have the same identity"


def _difference(before: Any, after: Any, path: str = "") -> tuple[str, str]:
    """Where two values that are not equal begin to differ, and what to do about it."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            here = f"{path}.{key}" if path else str(key)
            if key not in after:
                return here, f"{before[key]!r} was dropped; leave out what is null or empty"
            if key not in before:
                return here, f"{after[key]!r} was added; labels and names come from the resources"
            if before[key] != after[key]:
                return _difference(before[key], after[key], here)
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                return _difference(old, new, f"{path}[{index}]")
    return path, f"{before!r} became {after!r}; write it as JSON data that JavaScript keeps, or as a string"


def _in_order_of(before: Any, after: Any) -> Any:
    """`after`, which equals `before`, with the keys in the order of `before`."""
    if isinstance(before, Mapping):
        return {key: _in_order_of(value, after[key]) for key, value in before.items()}
    if isinstance(before, list):
        return [_in_order_of(old, new) for old, new in zip(before, after, strict=True)]
    return after


class ManifestError(ValueError):
    """A list of manifests that cannot become Kubernetes objects: a fault in a resources module."""


class RenderError(RuntimeError):
    """cdk8s did not give back what it was given."""
