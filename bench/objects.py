"""The objects of a published tree, such that every tool can take all of them at once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

Objects = dict[str, list[dict[str, Any]]]
"""By cluster, `<environment>-<region>`, or `argocd`."""


def read_tree(root: Path) -> Objects:
    """Every object under `generated/` and `argocd/` of `root`.

    Clusters hold objects of the same name, which kustomize refuses in one list: each gets its cluster's name
    appended.
    """
    found: Objects = {}
    for file in sorted(root.glob("generated/*/*/**/*.yaml")):
        environment, region = file.relative_to(root / "generated").parts[:2]
        found.setdefault(f"{environment}-{region}", []).extend(_documents(file))
    for cluster, objects in found.items():
        for each in objects:
            each["metadata"]["name"] += f"-{cluster}"
    found["argocd"] = [each for file in sorted(root.glob("argocd/**/*.yaml")) for each in _documents(file)]
    return found


def count(objects: Objects) -> int:
    """Objects of all clusters."""
    return sum(map(len, objects.values()))


def fingerprint(documents: Iterable[dict[str, Any]]) -> set[str]:
    """What can be compared whatever the order of objects and keys."""
    return {json.dumps(document, sort_keys=True) for document in documents}


def parse(output: str) -> list[dict[str, Any]]:
    """The objects in a tool's output."""
    return [document for document in yaml.load_all(output, yaml.CSafeLoader) if document]


def _documents(file: Path) -> list[dict[str, Any]]:
    return [each for each in parse(file.read_text()) if "kind" in each]
