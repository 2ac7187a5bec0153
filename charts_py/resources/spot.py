"""Spot nodes, by the label and taint that each cloud really puts on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from charts_py.contract.platform import Provider


@dataclass(frozen=True, kw_only=True)
class CapacityType:
    """The label of a spot node; where nodes are tainted, the taint spells the same key and value."""

    key: str
    value: str


CAPACITY_TYPES: Final[dict[Provider, tuple[CapacityType, ...]]] = {
    "aws": (
        CapacityType(key="eks.amazonaws.com/capacityType", value="SPOT"),
        CapacityType(key="karpenter.sh/capacity-type", value="spot"),
    ),
    "gcp": (CapacityType(key="cloud.google.com/gke-spot", value="true"),),
    "azure": (CapacityType(key="kubernetes.azure.com/scalesetpriority", value="spot"),),
    "none": (),
}

_WEIGHT: Final = 50
"""Half of the most there is, so that spreading over zones and hosts still counts."""


def preference(provider: Provider) -> list[dict[str, Any]]:
    """Preferred node affinity terms. Preferred only: without spot capacity the pods run elsewhere."""
    return [
        {
            "weight": _WEIGHT,
            "preference": {"matchExpressions": [{"key": each.key, "operator": "In", "values": [each.value]}]},
        }
        for each in CAPACITY_TYPES[provider]
    ]


def tolerations(provider: Provider) -> list[dict[str, str]]:
    """Tolerations of the taints that keep other pods off spot nodes."""
    return [
        {"key": each.key, "operator": "Equal", "value": each.value, "effect": "NoSchedule"}
        for each in CAPACITY_TYPES[provider]
    ]
