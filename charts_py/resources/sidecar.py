"""What a pod template carries so that Istio treats it as the contract says.

Pods ask for their sidecar themselves, by label, so that no namespace label decides it. In a namespace that
enforces Pod Security `restricted` the sidecar is only admitted where the Istio CNI plugin sets up the traffic
redirection and the pod (not just its containers) has seccompProfile RuntimeDefault.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from charts_py.contract import names, ports
from charts_py.contract.compute import Compute, Limits, Resources
from charts_py.contract.ports import Port
from charts_py.contract.region import Region

INJECT: Final = "sidecar.istio.io/inject"
NATIVE_SIDECAR: Final = "sidecar.istio.io/nativeSidecar"
EXCLUDE_INBOUND: Final = "traffic.sidecar.istio.io/excludeInboundPorts"
EXCLUDE_OUTBOUND: Final = "traffic.sidecar.istio.io/excludeOutboundPorts"

RESOURCES: Final = Resources(requests=Compute(cpu="100m", memory="128Mi"), limits=Limits(memory="1Gi"))
"""Of each sidecar. Asked for by annotation, so that the namespace's quota counts what really runs."""

_OUTSIDE: Final = frozenset({names.DWCP})
"""The DWCP agent moves whole volumes over its own mutual TLS: a proxy would only cost it copies, and in host
network mode there is no pod network to redirect."""


def in_mesh(region: Region, app: str) -> bool:
    """Whether the pods of `app` have a sidecar in `region`."""
    return region.service_mesh.enabled and app not in _OUTSIDE


def bypassing(app: str) -> tuple[Port, ...]:
    """Ports of `app` that reach the container without its sidecar, by number.

    Those that bring their own mutual TLS, and the metrics port: Prometheus has no sidecar, so STRICT would
    refuse it. The network policies alone decide who reaches them.
    """
    found = {port.number: port for port in (*ports.OWN_MTLS.get(app, ()), ports.METRICS_PORTS[app])}
    return tuple(found[number] for number in sorted(found))


def pod_labels(region: Region, app: str) -> dict[str, str]:
    """Labels of the pod template of `app`, in addition to the standard ones; none without a mesh."""
    if not region.service_mesh.enabled:
        return {}
    return {INJECT: "true" if in_mesh(region, app) else "false"}


def pod_annotations(region: Region, app: str) -> dict[str, str]:
    """Annotations of the pod template of `app`; none for pods outside the mesh.

    The sidecar is a native one: it is ready before the container's first call and outlives its last.
    """
    if not in_mesh(region, app):
        return {}
    annotations = {
        NATIVE_SIDECAR: "true",
        "sidecar.istio.io/proxyCPU": RESOURCES.requests.cpu,
        "sidecar.istio.io/proxyMemory": RESOURCES.requests.memory,
        "sidecar.istio.io/proxyMemoryLimit": RESOURCES.limits.memory or RESOURCES.requests.memory,
        EXCLUDE_INBOUND: _numbers(bypassing(app)),
    }
    dialled = ports.OWN_MTLS.get(app, ())
    if dialled:
        annotations[EXCLUDE_OUTBOUND] = _numbers(dialled)
    return annotations


def _numbers(listed: Iterable[Port]) -> str:
    return ",".join(str(number) for number in sorted({port.number for port in listed}))
