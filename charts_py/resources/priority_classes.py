"""Who is scheduled first, and who gives way, when nodes are full."""

from __future__ import annotations

from charts_py.contract import names
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources.objects import manifest

CRITICAL = 1_000_000
SERVING = 500_000
"""User-defined priorities end at one billion; these leave room on both sides."""


def manifests(region: Region) -> list[Manifest]:
    """The two classes. Values can't be changed after creation, so they depend on nothing."""
    del region
    return [
        _priority_class(
            names.PRIORITY_CRITICAL,
            CRITICAL,
            "Consensus, DWCP agents and the operator: without them the region stands still.",
        ),
        _priority_class(
            names.PRIORITY_SERVING, SERVING, "API servers: many, and any of them can be missed for a moment."
        ),
    ]


def _priority_class(name: str, value: int, description: str) -> Manifest:
    return manifest(
        "scheduling.k8s.io/v1",
        "PriorityClass",
        name,
        app=names.PRODUCT,
        component="scheduling",
        wave=Wave.CLASSES,
        value=value,
        preemptionPolicy="PreemptLowerPriority",
        description=description,
    )
