"""What every pod of ours has in common: hardening, ports, probes, writable scratch space, TLS files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from charts_py.contract import commands, names, ports
from charts_py.contract.labels import ISSUE_CERTIFICATE, SAFE_TO_EVICT
from charts_py.contract.ports import Port
from charts_py.contract.region import Region

TMP_VOLUME: Final = "tmp"
TLS_VOLUME: Final = "tls"


def pod_security() -> dict[str, Any]:
    """The pod's securityContext as Pod Security `restricted` wants it. It covers injected sidecars too."""
    return {
        "runAsNonRoot": True,
        "runAsUser": commands.USER_ID,
        "runAsGroup": commands.USER_ID,
        "fsGroup": commands.USER_ID,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """A container's securityContext as Pod Security `restricted` wants it, with nothing to write to."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def container_ports(app: str) -> list[dict[str, Any]]:
    """The `ports` of the container of `app`."""
    return [
        {"name": port.name, "containerPort": port.number, "protocol": port.protocol}
        for port in ports.CONTAINER_PORTS[app]
    ]


def service_port(port: Port, *, number: int | None = None) -> dict[str, Any]:
    """The entry of a Service that leads to a container port by its name; `number` if it differs outside."""
    entry: dict[str, Any] = {"name": port.name, "protocol": port.protocol}
    if port.app_protocol is not None:
        entry["appProtocol"] = port.app_protocol
    return {**entry, "port": number or port.number, "targetPort": port.name}


def metadata(*, labels: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, Any]:
    """A pod template's metadata, without an empty `annotations`."""
    found: dict[str, Any] = {"labels": dict(labels)}
    if annotations:
        found["annotations"] = dict(annotations)
    return found


def movable() -> dict[str, str]:
    """The annotation of pods that keep nothing. Their scratch space, and the sidecar's, would else make the
    cluster autoscaler keep every node that runs one. Disruption budgets still hold."""
    return {SAFE_TO_EVICT: "true"}


def probes(app: str, *, startup_seconds: int) -> dict[str, Any]:
    """Startup, liveness and readiness probes of `app`.

    startup_seconds: how long the process may take until it answers at all. Liveness is slow to act, because a
    restart helps only a process that hangs; readiness is quick, because it only moves traffic.
    """
    port, live, ready = ports.HEALTH_PATHS[app]
    return {
        "startupProbe": {
            "httpGet": {"path": live, "port": port.name},
            "periodSeconds": 2,
            "timeoutSeconds": 2,
            "failureThreshold": -(-startup_seconds // 2),
        },
        "livenessProbe": {
            "httpGet": {"path": live, "port": port.name},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 6,
        },
        "readinessProbe": {
            "httpGet": {"path": ready, "port": port.name},
            "periodSeconds": 5,
            "timeoutSeconds": 3,
            "failureThreshold": 2,
        },
    }


def environment(region: Region) -> list[dict[str, Any]]:
    """Which environment and region the process serves."""
    return [
        {"name": commands.ENVIRONMENT_VARIABLE, "value": region.environment},
        {"name": commands.REGION_VARIABLE, "value": region.name},
    ]


def downward(*variables: str) -> list[dict[str, Any]]:
    """What the process is told of its pod: `POD_NAME_VARIABLE` and the like of `commands`."""
    return [
        {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": _FIELD_PATHS[name]}}}
        for name in variables
    ]


_FIELD_PATHS: Final = {
    commands.POD_NAME_VARIABLE: "metadata.name",
    commands.POD_NAMESPACE_VARIABLE: "metadata.namespace",
}


def tmp_mount() -> dict[str, Any]:
    """Where a process may write what it need not keep."""
    return {"name": TMP_VOLUME, "mountPath": "/tmp"}


def tmp_volume(size: str = "64Mi") -> dict[str, Any]:
    """The volume of `tmp_mount`, at most `size` on the node's disk."""
    return {"name": TMP_VOLUME, "emptyDir": {"sizeLimit": size}}


def tls_mount() -> dict[str, Any]:
    """Where a process finds `tls.crt`, `tls.key` and `ca.crt`. A whole folder, so that renewals arrive."""
    return {"name": TLS_VOLUME, "mountPath": commands.TLS_MOUNT, "readOnly": True}


def tls_volume(app: str) -> dict[str, Any]:
    """The volume of `tls_mount`. A pod waits until the Secret exists, whoever issues it."""
    return {
        "name": TLS_VOLUME,
        "secret": {"secretName": names.tls_secret(app), "defaultMode": 0o440},
    }


def pre_stop_sleep(seconds: int) -> dict[str, Any]:
    """Keep serving for `seconds` after the pod has been taken out of its Services: load balancers and
    proxies learn of it later than the kubelet. The kubelet itself sleeps, so no shell is needed."""
    return {"preStop": {"sleep": {"seconds": seconds}}}


def certificate_annotations(region: Region, app: str) -> dict[str, str]:
    """Asks the operator for the Secret of `app`, on the workload itself: it can be issued before any custom
    resource exists. Empty where cert-manager issues."""
    if region.security.certificates == "cert-manager":
        return {}
    return {ISSUE_CERTIFICATE: names.tls_secret(app)}
