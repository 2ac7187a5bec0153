"""Plain data into settings classes: what the fleet reader, the operator and the agent all call.

The data must already satisfy `json_schema` of the class; what is left to find here are the rules that span
fields. An unknown key or a wrong type is a programming error of the caller and raises TypeError.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from charts_py.contract.json_schema import field_types, strip_optional
from charts_py.contract.setting import keys_of, rules_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A cross-field rule that does not hold: where (outside spelling, list positions as ints) and why."""

    path: tuple[str | int, ...]
    message: str


def load(cls: type[S], data: Mapping[str, Any]) -> S:
    """An instance of `cls` from `data`, with defaults for what is absent. Rules are not checked here."""
    fields = {key: name for name, key in keys_of(cls)}
    unknown = data.keys() - fields.keys()
    if unknown:
        raise TypeError(f"{cls.__name__} has no setting {', '.join(sorted(unknown))}")
    hints = field_types(cls)
    return cls(**{fields[key]: _value(hints[fields[key]], value) for key, value in data.items()})


def _value(annotation: Any, value: Any) -> Any:
    inner, optional = strip_optional(annotation)
    if value is None and optional:
        return None
    origin = typing.get_origin(inner)
    if dataclasses.is_dataclass(inner) and isinstance(inner, type):
        return load(inner, value)
    if origin is tuple:
        (item, _ellipsis) = typing.get_args(inner)
        return tuple(_value(item, entry) for entry in value)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        _, entry_type = typing.get_args(inner)
        return {key: _value(entry_type, entry) for key, entry in value.items()}
    return value


def broken_rules(settings: Any, path: tuple[str | int, ...] = ()) -> Iterator[Broken]:
    """Every cross-field rule that does not hold, in this object and all settings below it."""
    if isinstance(settings, tuple):
        for position, entry in enumerate(settings):
            yield from broken_rules(entry, (*path, position))
    if not dataclasses.is_dataclass(settings) or isinstance(settings, type):
        return
    for rule in rules_of(type(settings)):
        if not rule.holds(settings):
            yield Broken(path=(*path, *rule.path), message=rule.message)
    for name, key in keys_of(type(settings)):
        yield from broken_rules(getattr(settings, name), (*path, key))
