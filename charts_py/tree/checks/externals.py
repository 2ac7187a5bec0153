"""Declared externals that nothing needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.view import ClusterView


@rule("external-unused")
def external_unused(view: ClusterView) -> Iterator[Problem]:
    """Every declared external is referred to by an object, and isn't in the tree itself."""
    for identity, item in view.external.items():
        if identity in view.by_id:
            message = (
                f"declared as {item.owner}'s, but the tree holds it too. Remove the declaration "
                "or the object."
            )
        elif identity not in view.used:
            message = f"declared as {item.owner}'s, but nothing refers to it. Remove the declaration."
        else:
            continue
        yield Problem(object=identity, field="metadata.name", message=message)


RULES: Final[tuple[Rule[ClusterView], ...]] = (external_unused,)
