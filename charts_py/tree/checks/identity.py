"""Identity: every object has one, no two have the same, and as many files come out as objects went in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import text
from charts_py.tree.checks.view import ClusterView
from charts_py.tree.finding import Finding

UNIDENTIFIED: Final = "object-unidentified"
COUNT_MISMATCH: Final = "object-count-mismatch"


def identify(manifest: object) -> ObjectId | None:
    """The identity of `manifest`, None when apiVersion, kind or metadata.name is missing or no text."""
    needed = (text(manifest, "apiVersion"), text(manifest, "kind"), text(manifest, "metadata", "name"))
    if not isinstance(manifest, dict) or not all(needed):
        return None
    group, _, version = needed[0].rpartition("/")
    return ObjectId(
        group=group if version else "",
        kind=needed[1],
        namespace=text(manifest, "metadata", "namespace"),
        name=needed[2],
    )


def unidentified(index: int, manifest: Any) -> Problem:
    """The problem of an object that can't be named, found at `index` of the cluster's objects."""
    name = text(manifest, "metadata", "name") or f"object {index}"
    return Problem(
        object=ObjectId(group="", kind=text(manifest, "kind") or "?", namespace="", name=name),
        field="metadata.name",
        message="apiVersion, kind and metadata.name must be non-empty text: they name the object's file.",
    )


@rule(UNIDENTIFIED)
def object_unidentified(view: ClusterView) -> Iterator[Problem]:
    """Every object has apiVersion, kind and metadata.name."""
    return iter(())


@rule("duplicate-object")
def duplicate_object(view: ClusterView) -> Iterator[Problem]:
    """No two objects of a cluster have the same group, kind, namespace and name."""
    for identity, count in Counter(identity for identity, _ in view.objects).items():
        if count > 1:
            yield Problem(
                object=identity,
                field="metadata.name",
                message=f"{count} objects have this identity, and only one would survive. Rename or "
                "remove the others.",
            )


def count(cluster: str, objects: int, files: Sequence[str]) -> list[Finding]:
    """Compare the objects that went in with the files that came out, as one finding or none.

    Names that differ only in case are one file on some file systems, and count as one.
    """
    distinct = {name.casefold() for name in files}
    if objects == len(files) == len(distinct):
        return []
    twice = sorted(name for name, times in Counter(name.casefold() for name in files).items() if times > 1)
    detail = f"; named twice: {', '.join(twice)}" if twice else ""
    return [
        Finding(
            rule=COUNT_MISMATCH,
            cluster=cluster,
            object=ObjectId(group="", kind="Cluster", namespace="", name=cluster),
            field="",
            message=f"{objects} objects went in and {len(distinct)} distinct files came out{detail}. "
            "Nothing is "
            "published; give every object a name of its own.",
        )
    ]


@rule(COUNT_MISMATCH)
def object_count_mismatch(view: ClusterView) -> Iterator[Problem]:
    """Every object becomes exactly one file; counted when the files are written."""
    return iter(())


RULES: Final[tuple[Rule[ClusterView], ...]] = (object_unidentified, duplicate_object, object_count_mismatch)
