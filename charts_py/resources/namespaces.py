"""Our namespaces: their Pod Security level, how much may run in them, and what a container gets unasked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from charts_py.contract import labels, names
from charts_py.contract.compute import Resources
from charts_py.contract.dwcp import CONSENSUS_SIZES
from charts_py.contract.manifest import Manifest
from charts_py.contract.quantity import parse, total
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources import host_network, sidecar
from charts_py.resources.objects import manifest

QUOTA: Final = "novacron-quota"
LIMITS: Final = "novacron-defaults"

HEADROOM: Final = Fraction(1, 10)
"""Above the sum of everything: pods that are shutting down still count, and somebody may need a debug pod."""

SURGE: Final = 1
"""API servers that an update adds above the autoscaler's most."""

SYSTEM_PODS: Final = 10
"""The operator's two, their successors, and room for whoever looks after them."""

_KEEP: Final = {labels.SYNC_OPTIONS: "Prune=confirm,Delete=confirm"}
"""A namespace takes everything in it along, volume claims included: Argo CD asks before it removes one."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """Part of a quota: `count` containers named `name` at most, each with `resources`."""

    name: str
    count: int
    resources: Resources
    pods: bool = True


def manifests(region: Region) -> list[Manifest]:
    """`novacron` and `novacron-system`, and `monitoring` where there is Prometheus. Argo CD, Velero and Istio
    bring namespaces of their own."""
    made = [
        _namespace(
            names.NAMESPACE,
            _pod_security(region, enforce=host_network.enforced_level(region)),
            host_network.explanation(region),
        ),
        *host_network.manifests(region),
        _quota(names.NAMESPACE, quota(region), {labels.EXPLANATION: _arithmetic(region)}),
        _limit_range(names.NAMESPACE),
        _namespace(names.SYSTEM_NAMESPACE, _pod_security(region, enforce="restricted"), {}),
        _quota(names.SYSTEM_NAMESPACE, {"pods": str(SYSTEM_PODS)}, {}),
        _limit_range(names.SYSTEM_NAMESPACE),
    ]
    if region.monitoring.prometheus:
        # Node exporters mount their host: a stricter level would keep the monitoring stack from starting.
        levels = _pod_security(region, enforce="privileged", advise="baseline")
        made.append(_namespace(names.MONITORING_NAMESPACE, levels, {}))
    return made


def shares(region: Region) -> list[Share]:
    """Everything that may run in `novacron`, each workload at its upper bound."""
    found = [
        Share(name=names.API, count=region.api.max_replicas + SURGE, resources=region.api.resources),
        Share(name=names.CONSENSUS, count=max(CONSENSUS_SIZES), resources=region.consensus.resources),
    ]
    if region.dwcp.enabled:
        found.append(Share(name=names.DWCP, count=region.agent.max_nodes, resources=region.agent.resources))
    meshed = sum(share.count for share in found if sidecar.in_mesh(region, share.name))
    if meshed:
        found.append(Share(name="sidecars", count=meshed, resources=sidecar.RESOURCES, pods=False))
    return found


def quota(region: Region) -> dict[str, str]:
    """The `hard` limits of `novacron`: the sum of all shares and the headroom."""
    parts = shares(region)
    return {
        "pods": str(math.ceil(sum(share.count for share in parts if share.pods) * (1 + HEADROOM))),
        "requests.cpu": _sum(parts, lambda resources: resources["requests"]["cpu"]),
        "requests.memory": _sum(parts, lambda resources: resources["requests"]["memory"]),
        "limits.memory": _sum(parts, lambda resources: resources["limits"]["memory"]),
    }


def _sum(parts: list[Share], amount: Callable[[dict[str, dict[str, str]]], str]) -> str:
    each = (parse(amount(share.resources.manifest())).times(share.count) for share in parts)
    return str(total(each).times(1 + HEADROOM).rounded_up())


def _arithmetic(region: Region) -> str:
    counted = " + ".join(f"{share.count} {share.name}" for share in shares(region))
    return f"{counted}, each at its most, and {int(HEADROOM * 100)} % headroom"


def _pod_security(region: Region, *, enforce: str, advise: str = "restricted") -> dict[str, str]:
    """Pinned to the cluster's version, so that an upgrade of the cluster changes what is enforced only when
    the fleet says so."""
    found = {}
    for mode, level in (("enforce", enforce), ("audit", advise), ("warn", advise)):
        found[f"pod-security.kubernetes.io/{mode}"] = level
        found[f"pod-security.kubernetes.io/{mode}-version"] = f"v{region.kubernetes}"
    return found


def _namespace(name: str, more: Mapping[str, str], annotations: Mapping[str, str]) -> Manifest:
    return manifest(
        "v1",
        "Namespace",
        name,
        app=names.PRODUCT,
        component="namespace",
        wave=Wave.NAMESPACES,
        labels=more,
        annotations={**_KEEP, **annotations},
    )


def _quota(namespace: str, hard: Mapping[str, str], annotations: Mapping[str, str]) -> Manifest:
    return manifest(
        "v1",
        "ResourceQuota",
        QUOTA,
        namespace=namespace,
        app=names.PRODUCT,
        component="namespace",
        wave=Wave.POLICIES,
        annotations=annotations,
        spec={"hard": dict(hard)},
    )


def _limit_range(namespace: str) -> Manifest:
    """For containers that say nothing, injected ones included: a quota refuses pods without requests. No CPU
    limit, because it would throttle on an idle node."""
    return manifest(
        "v1",
        "LimitRange",
        LIMITS,
        namespace=namespace,
        app=names.PRODUCT,
        component="namespace",
        wave=Wave.POLICIES,
        spec={
            "limits": [
                {
                    "type": "Container",
                    "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
                    "default": {"memory": "512Mi"},
                }
            ]
        },
    )
