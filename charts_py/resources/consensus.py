"""The consensus members: a StatefulSet whose size Git doesn't state, their data, names and certificates."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from charts_py.contract import commands, labels, names, ports
from charts_py.contract.manifest import Manifest
from charts_py.contract.quantity import canonical
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources import certificates, consensus_admission, pods, sidecar
from charts_py.resources.objects import manifest
from charts_py.resources.storage_classes import consensus_class

COMPONENT: Final = "consensus"

_object: Final = partial(manifest, namespace=names.NAMESPACE, app=names.CONSENSUS, component=COMPONENT)

PRE_STOP_SECONDS: Final = 5
GRACE_SECONDS: Final = 60
"""Enough to hand leadership over and close the store after the sleep."""

QUORUM_SHARE: Final = "51%"
"""Rounded up, as the disruption controller does, floor(n/2) + 1 for every n below 50."""

STARTUP_SECONDS: Final = 600
"""A member that lost its volume first receives a whole snapshot."""


def manifests(region: Region) -> list[Manifest]:
    """The consensus members of one region. There is never an autoscaler: it would pick even counts."""
    return [
        *consensus_admission.manifests(),
        _service_account(),
        _role(),
        _role_binding(),
        *certificates.of(region, names.CONSENSUS, component=COMPONENT),
        _headless_service(),
        _client_service(),
        _stateful_set(region),
        *_disruption_budget(region),
    ]


def _service_account() -> Manifest:
    return _object(
        "v1", "ServiceAccount", names.CONSENSUS, wave=Wave.IDENTITIES, automountServiceAccountToken=False
    )


def _role() -> Manifest:
    """Exactly the founding Lease. RBAC can't restrict `create` to a name, since the name is not yet known."""
    leases = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}
    return _object(
        "rbac.authorization.k8s.io/v1",
        "Role",
        names.CONSENSUS,
        wave=Wave.IDENTITIES,
        rules=[
            {**leases, "verbs": ["create"]},
            {**leases, "resourceNames": [names.CONSENSUS_FOUNDING], "verbs": ["get", "update"]},
        ],
    )


def _role_binding() -> Manifest:
    return _object(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        names.CONSENSUS,
        wave=Wave.IDENTITIES,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": names.CONSENSUS},
        subjects=[{"kind": "ServiceAccount", "name": names.CONSENSUS, "namespace": names.NAMESPACE}],
    )


def _headless_service() -> Manifest:
    """A name for each member, ready or not: members find each other before any of them is ready."""
    return _object(
        "v1",
        "Service",
        names.CONSENSUS_HEADLESS,
        wave=Wave.CONSENSUS,
        spec={
            "type": "ClusterIP",
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": labels.selector(names.CONSENSUS),
            "ports": [pods.service_port(port) for port in ports.CONTAINER_PORTS[names.CONSENSUS]],
        },
    )


def _client_service() -> Manifest:
    """Members that are ready, for whoever reads and writes."""
    return _object(
        "v1",
        "Service",
        names.CONSENSUS_CLIENT,
        wave=Wave.CONSENSUS,
        spec={
            "type": "ClusterIP",
            "selector": labels.selector(names.CONSENSUS),
            "ports": [pods.service_port(port) for port in (ports.CONSENSUS_HTTP, ports.ETCD_CLIENT)],
        },
    )


def _stateful_set(region: Region) -> Manifest:
    """No replicas: members belong to the operator. All pods start at once, because a lone first member of a
    group that exists never becomes ready; on an update they go one after the other."""
    return _object(
        "apps/v1",
        "StatefulSet",
        names.CONSENSUS,
        wave=Wave.CONSENSUS,
        version=region.version,
        annotations=pods.certificate_annotations(region, names.CONSENSUS),
        spec={
            "serviceName": names.CONSENSUS_HEADLESS,
            "podManagementPolicy": "Parallel",
            "revisionHistoryLimit": 5,
            "minReadySeconds": 10,
            "updateStrategy": {"type": "RollingUpdate"},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            "selector": {"matchLabels": labels.selector(names.CONSENSUS)},
            "template": {
                "metadata": pods.metadata(
                    labels={
                        **labels.standard(names.CONSENSUS, component=COMPONENT),
                        **sidecar.pod_labels(region, names.CONSENSUS),
                    },
                    annotations=sidecar.pod_annotations(region, names.CONSENSUS),
                ),
                "spec": _pod(region),
            },
            "volumeClaimTemplates": [_claim(region)],
        },
    )


def _pod(region: Region) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "serviceAccountName": names.CONSENSUS,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "priorityClassName": names.PRIORITY_CRITICAL,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": pods.pod_security(),
    }
    if region.dwcp.acp.nodes > 1:
        pod["affinity"] = {"podAntiAffinity": _one_per_host()}
        pod["topologySpreadConstraints"] = [_spread_over_zones(region)]
    pod["containers"] = [_container(region)]
    pod["volumes"] = [pods.tls_volume(names.CONSENSUS), pods.tmp_volume()]
    return pod


def _one_per_host() -> dict[str, Any]:
    return {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {
                "labelSelector": {"matchLabels": labels.selector(names.CONSENSUS)},
                "topologyKey": labels.HOSTNAME,
            }
        ]
    }


def _spread_over_zones(region: Region) -> dict[str, Any]:
    """No zone holds more than one member above another, so that losing a zone of three never loses the
    quorum. Only clouds label every node with its zone: elsewhere it is a wish."""
    return {
        "maxSkew": 1,
        "topologyKey": labels.ZONE,
        "whenUnsatisfiable": "ScheduleAnyway" if region.provider == "none" else "DoNotSchedule",
        # Zones count only where a member could run. A zone that is down, drained or tainted would else be the
        # emptiest one, and its lack of members would keep those of the healthy zones from coming back.
        "nodeTaintsPolicy": "Honor",
        "labelSelector": {"matchLabels": labels.selector(names.CONSENSUS)},
    }


def _container(region: Region) -> dict[str, Any]:
    return {
        "name": names.CONSENSUS_CONTAINER,
        "image": region.image("consensus"),
        "imagePullPolicy": "IfNotPresent",
        "args": commands.arguments("consensus"),
        "env": [
            *pods.environment(region),
            *pods.downward(commands.POD_NAME_VARIABLE, commands.POD_NAMESPACE_VARIABLE),
        ],
        "ports": pods.container_ports(names.CONSENSUS),
        "resources": region.consensus.resources.manifest(),
        **pods.probes(names.CONSENSUS, startup_seconds=STARTUP_SECONDS),
        "lifecycle": pods.pre_stop_sleep(PRE_STOP_SECONDS),
        "securityContext": pods.container_security(),
        "volumeMounts": [
            {"name": names.CONSENSUS_DATA, "mountPath": commands.DATA_MOUNT},
            pods.tls_mount(),
            pods.tmp_mount(),
        ],
    }


def _claim(region: Region) -> dict[str, Any]:
    """The template of `data-novacron-consensus-N`. With its kind and mode spelled out, as they are stored."""
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"]}
    storage_class = consensus_class(region)
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    spec["volumeMode"] = "Filesystem"
    spec["resources"] = {"requests": {"storage": canonical(region.consensus.volume.size)}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": names.CONSENSUS_DATA,
            "labels": labels.standard(names.CONSENSUS, component=COMPONENT),
        },
        "spec": spec,
    }


def _disruption_budget(region: Region) -> list[Manifest]:
    """As many members may be gone as leave a quorum of those that there are.

    A share, because Git doesn't know how many there are: while the operator takes five members to seven, a
    budget counted for seven would let a drain take three of five.

    A single member has none to spare. A budget of 0 would then block every node drain for good, and buy
    nothing that such a region hasn't given up already: so there is none.
    """
    acp = region.dwcp.acp
    if acp.nodes == acp.quorum:
        return []
    return [
        _object(
            "policy/v1",
            "PodDisruptionBudget",
            names.CONSENSUS,
            wave=Wave.SCALING,
            spec={
                "minAvailable": QUORUM_SHARE,
                "unhealthyPodEvictionPolicy": "IfHealthyBudget",
                "selector": {"matchLabels": labels.selector(names.CONSENSUS)},
            },
        )
    ]
