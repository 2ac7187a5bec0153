"""Plain data into settings classes: what the fleet reader, the operator and the agent all call.

The data must already satisfy `json_schema` of the class; what is left to find here are the rules that span
fields. An unknown key or a wrong type is a programming error of the caller and raises TypeError.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
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
    fields = _fields(cls)
    unknown = data.keys() - fields.keys()
    if unknown:
        raise TypeError(f"{cls.__name__} has no setting {', '.join(sorted(unknown))}")
    return cls(**{fields[key].name: fields[key].read(value) for key, value in data.items()})


@dataclass(frozen=True, kw_only=True)
class _Field:
    name: str
    read: Callable[[Any], Any]
    """Plain data into the field's value."""

    @property
    def is_scalar(self) -> bool:
        return self.read is _as_it_is


@cache
def _fields(cls: type[DataclassInstance]) -> Mapping[str, _Field]:
    """By outside spelling. What a type says is worked out once: a fleet of 100 regions asks 10,000 times."""
    hints = field_types(cls)
    return {key: _Field(name=name, read=_reader(hints[name])) for name, key in keys_of(cls)}


def _reader(annotation: Any) -> Callable[[Any], Any]:
    inner, optional = strip_optional(annotation)
    if optional:
        read = _reader(inner)
        return read if read is _as_it_is else lambda value: None if value is None else read(value)
    origin = typing.get_origin(inner)
    if dataclasses.is_dataclass(inner) and isinstance(inner, type):
        return partial(load, inner)
    if origin is tuple:
        item = _reader(typing.get_args(inner)[0])
        return lambda value: tuple(map(item, value))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        entry = _reader(typing.get_args(inner)[1])
        return lambda value: {key: entry(each) for key, each in value.items()}
    return _as_it_is


def _as_it_is(value: Any) -> Any:
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
    for key, declared in _fields(type(settings)).items():
        if not declared.is_scalar:
            yield from broken_rules(getattr(settings, declared.name), (*path, key))
