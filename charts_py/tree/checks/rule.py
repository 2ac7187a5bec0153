"""What a rule is: an id, one line of documentation, and a function from the view to problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from charts_py.contract.manifest import ObjectId

ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A finding before it knows its rule and cluster."""

    object: ObjectId
    field: str
    message: str


View = TypeVar("View")
"""What a rule looks at: all objects of a cluster, or of an Argo CD."""


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[View]):
    """One check. `id` is stable: waivers and people refer to it. `doc` is what must hold, in one line."""

    id: str
    doc: str
    check: Callable[[View], Iterable[Problem]]


def rule(identity: str) -> Callable[[Callable[[View], Iterable[Problem]]], Rule[View]]:
    """Make a Rule of the decorated function; the first paragraph of its docstring becomes `doc`.

    Raises ValueError for an id that isn't kebab-case or a function without a docstring.
    """

    def make(check: Callable[[View], Iterable[Problem]]) -> Rule[View]:
        doc = " ".join((check.__doc__ or "").strip().split("\n\n")[0].split())
        if not ID.fullmatch(identity) or not doc:
            raise ValueError(f"rule {identity!r} needs a kebab-case id and a docstring")
        return Rule(id=identity, doc=doc, check=check)

    return make
