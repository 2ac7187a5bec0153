"""What a rule is: an id, one line of documentation, and a function from the view to problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks.view import ClusterView

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A finding before it knows its rule and cluster."""

    object: ObjectId
    field: str
    message: str


Check = Callable[[ClusterView], Iterable[Problem]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One check. `id` is stable: waivers and people refer to it. `doc` is what must hold, in one line."""

    id: str
    doc: str
    check: Check


def rule(identity: str) -> Callable[[Check], Rule]:
    """Make a Rule of the decorated function; the first paragraph of its docstring becomes `doc`.

    Raises ValueError for an id that isn't kebab-case or a function without a docstring.
    """

    def make(check: Check) -> Rule:
        doc = " ".join((check.__doc__ or "").strip().split("\n\n")[0].split())
        if not ID.fullmatch(identity) or not doc:
            raise ValueError(f"rule {identity!r} needs a kebab-case id and a docstring")
        return Rule(id=identity, doc=doc, check=check)

    return make
