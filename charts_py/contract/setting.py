"""How a setting is declared: once, as a field of a frozen dataclass.

From one declaration come the fleet file's JSON Schema, the CRD's OpenAPI schema, the agent's loader and the
reference in the docs. Python names are snake_case, every outside spelling is camelCase.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from functools import cache
from typing import Any, Generic, TypeVar

_KEY = "novacron"
_ACRONYMS = {"url": "URL", "cidrs": "CIDRs"}
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class SettingInfo:
    """What is known of a field beside its type. Limits are inclusive; `pattern` is an ECMA 262 expression
    that is also valid in Go's RE2, because the API server compiles it too."""

    doc: str
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    max_length: int | None = None
    choices: tuple[str | int, ...] | None = None
    min_items: int | None = None
    max_items: int | None = None
    list_key: str | None = None
    key: str | None = None
    default_words: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[T]):
    """A rule over several fields of one class, in the two spellings it needs: CEL for the API server and
    `holds` for the fleet reader. `path` is where a fleet error points, relative to the class."""

    path: tuple[str, ...]
    message: str
    cel: str
    holds: Callable[[T], bool]


def setting(
    doc: str,
    *,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    minimum: int | None = None,
    maximum: int | None = None,
    pattern: str | None = None,
    max_length: int | None = None,
    choices: tuple[str | int, ...] | None = None,
    min_items: int | None = None,
    max_items: int | None = None,
    list_key: str | None = None,
    key: str | None = None,
    default_words: str | None = None,
) -> Any:
    """A dataclass field that carries its documentation and limits.

    Without `default` and `default_factory` the setting is required. `key` overrides the camelCase spelling.
    `list_key` names the key that tells the entries of a list apart.
    `default_words` says in words what an omitted value becomes where it is derived from other settings.
    """
    info = SettingInfo(
        doc=doc,
        minimum=minimum,
        maximum=maximum,
        pattern=pattern,
        max_length=max_length,
        choices=choices,
        min_items=min_items,
        max_items=max_items,
        list_key=list_key,
        key=key,
        default_words=default_words,
    )
    if default_factory is not MISSING:
        return field(default_factory=default_factory, metadata={_KEY: info})
    if default is not MISSING:
        return field(default=default, metadata={_KEY: info})
    return field(metadata={_KEY: info})


def info_of(declared: dataclasses.Field[Any]) -> SettingInfo:
    """The `SettingInfo` of a field made by `setting`; TypeError for any other field."""
    info = declared.metadata.get(_KEY)
    if not isinstance(info, SettingInfo):
        raise TypeError(f"{declared.name} is not declared with setting()")
    return info


@cache
def key_of(declared: dataclasses.Field[Any]) -> str:
    """The outside spelling of a field: `min_streams` is `minStreams`, `repo_url` is `repoURL`."""
    explicit = info_of(declared).key
    if explicit is not None:
        return explicit
    first, *rest = declared.name.split("_")
    return first + "".join(_ACRONYMS.get(word, word.capitalize()) for word in rest)


@cache
def keys_of(cls: type[Any]) -> tuple[tuple[str, str], ...]:
    """Name and outside spelling of every field of a settings class, in declaration order."""
    return tuple((declared.name, key_of(declared)) for declared in dataclasses.fields(cls))


@cache
def rules_of(cls: type[Any]) -> tuple[Rule[Any], ...]:
    """The cross-field rules that a settings class and the classes it extends declare in their `RULES`."""
    return tuple(rule for base in reversed(cls.__mro__) for rule in vars(base).get("RULES", ()))


def required(declared: dataclasses.Field[Any]) -> bool:
    """Whether a value has to be given."""
    return declared.default is MISSING and declared.default_factory is MISSING


def default_of(declared: dataclasses.Field[Any]) -> Any:
    """The default of an optional field; ValueError for a required one."""
    if declared.default is not MISSING:
        return declared.default
    if declared.default_factory is not MISSING:
        return declared.default_factory()
    raise ValueError(f"{declared.name} has no default")


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` matches. Patterns are written anchored, as JSON Schema needs them.

    In ECMA 262 and RE2 `$` is the end of the text; Python's would also match before a last line break.
    """
    return re.search(pattern, text) is not None and not text.endswith("\n")


def plain(value: Any) -> Any:
    """Settings as JSON-compatible data in outside spelling, fields in declaration order. None is left out."""
    if value is None or isinstance(value, str | int | float):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        entries = ((key, getattr(value, name)) for name, key in keys_of(type(value)))
        return {key: plain(entry) for key, entry in entries if entry is not None}
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [plain(entry) for entry in value]
    return value
