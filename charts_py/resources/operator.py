"""The operator: definitions, identity with the least it needs, and a Deployment that a drain can't empty."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from charts_py.contract import commands, labels, names
from charts_py.contract.certificates import issued_by_operator
from charts_py.contract.compute import compute
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources import clusters, crds, pods, sidecar
from charts_py.resources.objects import manifest

COMPONENT: Final = "operator"

_object: Final = partial(manifest, name=names.OPERATOR, app=names.OPERATOR, component=COMPONENT)
REPLICAS: Final = 2
RESOURCES: Final = compute("100m", "256Mi")

_OBSERVE: Final = ["get", "list", "watch"]
_APPLY: Final = [*_OBSERVE, "create", "patch", "delete"]


def manifests(region: Region) -> list[Manifest]:
    """Everything that the operator needs, and the objects it observes."""
    return [
        *crds.manifests(),
        _service_account(),
        _cluster_role(),
        _cluster_role_binding(),
        *_role_and_binding(names.NAMESPACE, _workload_rules(region)),
        *_role_and_binding(names.SYSTEM_NAMESPACE, _own_namespace_rules()),
        _disruption_budget(),
        _deployment(region),
        *clusters.manifests(region),
    ]


def _service_account() -> Manifest:
    return _object(
        "v1",
        "ServiceAccount",
        namespace=names.SYSTEM_NAMESPACE,
        wave=Wave.IDENTITIES,
        automountServiceAccountToken=False,
    )


def _cluster_role() -> Manifest:
    """Cluster-wide: only to see our own definitions and the namespaces they live in."""
    plurals = [definition.plural for definition in crds.DEFINITIONS]
    return _object(
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        namespace=None,
        wave=Wave.IDENTITIES,
        rules=[
            _rule(names.API_GROUP, plurals, [*_OBSERVE, "patch"]),
            _rule(names.API_GROUP, [f"{plural}/status" for plural in plurals], ["get", "patch"]),
            _rule("apiextensions.k8s.io", ["customresourcedefinitions"], _OBSERVE),
            _rule("", ["namespaces", "nodes"], _OBSERVE),
        ],
    )


def _workload_rules(region: Region) -> list[dict[str, Any]]:
    """In the workloads' namespace: to apply what `management: Operator` asks for, to move consensus one
    member at a time, and to issue certificates where nobody else does."""
    return [
        _rule("apps", ["deployments", "statefulsets", "daemonsets"], _APPLY),
        _rule("apps", ["statefulsets/scale"], ["get", "patch"]),
        _rule("autoscaling", ["horizontalpodautoscalers"], _APPLY),
        _rule("policy", ["poddisruptionbudgets"], _APPLY),
        _rule("", ["services", "serviceaccounts", "configmaps"], _APPLY),
        _rule("", ["pods", "persistentvolumeclaims"], _OBSERVE),
        *_secret_rules(region),
        _rule("", ["events"], ["create", "patch"]),
    ]


def _secret_rules(region: Region) -> list[dict[str, Any]]:
    """For the Secrets that the operator issues; where cert-manager does, it touches none. RBAC can't restrict
    `create` to a name, since the name is not yet known."""
    issued = [secret.name for secret in issued_by_operator(region)]
    if not issued:
        return []
    return [
        _rule("", ["secrets"], ["create"]),
        {**_rule("", ["secrets"], ["get", "patch"]), "resourceNames": issued},
    ]


def _own_namespace_rules() -> list[dict[str, Any]]:
    """In its own namespace: the Lease by which one of the replicas leads."""
    return [
        _rule("coordination.k8s.io", ["leases"], ["create"]),
        {
            **_rule("coordination.k8s.io", ["leases"], ["get", "update", "patch"]),
            "resourceNames": [names.OPERATOR],
        },
        _rule("", ["events"], ["create", "patch"]),
    ]


def _rule(group: str, resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}


def _cluster_role_binding() -> Manifest:
    return _object(
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        namespace=None,
        wave=Wave.IDENTITIES,
        roleRef=_role_ref("ClusterRole"),
        subjects=[_subject()],
    )


def _role_and_binding(namespace: str, rules: list[dict[str, Any]]) -> list[Manifest]:
    return [
        _object(
            "rbac.authorization.k8s.io/v1", "Role", namespace=namespace, wave=Wave.IDENTITIES, rules=rules
        ),
        _object(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            namespace=namespace,
            wave=Wave.IDENTITIES,
            roleRef=_role_ref("Role"),
            subjects=[_subject()],
        ),
    ]


def _role_ref(kind: str) -> dict[str, str]:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": names.OPERATOR}


def _subject() -> dict[str, str]:
    return {"kind": "ServiceAccount", "name": names.OPERATOR, "namespace": names.SYSTEM_NAMESPACE}


def _disruption_budget() -> Manifest:
    return _object(
        "policy/v1",
        "PodDisruptionBudget",
        namespace=names.SYSTEM_NAMESPACE,
        wave=Wave.SCALING,
        spec={
            "minAvailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": labels.selector(names.OPERATOR)},
        },
    )


def _deployment(region: Region) -> Manifest:
    return manifest(
        "apps/v1",
        "Deployment",
        names.OPERATOR,
        namespace=names.SYSTEM_NAMESPACE,
        app=names.OPERATOR,
        component=COMPONENT,
        version=region.version,
        wave=Wave.OPERATOR,
        spec={
            "replicas": REPLICAS,
            "selector": {"matchLabels": labels.selector(names.OPERATOR)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": _pod_metadata(region), "spec": _pod(region)},
        },
    )


def _pod_metadata(region: Region) -> dict[str, Any]:
    return pods.metadata(
        labels={
            **labels.standard(names.OPERATOR, component=COMPONENT),
            **sidecar.pod_labels(region, names.OPERATOR),
        },
        annotations={**pods.movable(), **sidecar.pod_annotations(region, names.OPERATOR)},
    )


def _pod(region: Region) -> dict[str, Any]:
    return {
        "serviceAccountName": names.OPERATOR,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "priorityClassName": names.PRIORITY_CRITICAL,
        "terminationGracePeriodSeconds": 30,
        "securityContext": pods.pod_security(),
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": labels.HOSTNAME,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": labels.selector(names.OPERATOR)},
            }
        ],
        "containers": [_container(region)],
        "volumes": [pods.tmp_volume()],
    }


def _container(region: Region) -> dict[str, Any]:
    return {
        "name": names.OPERATOR_CONTAINER,
        "image": region.image("operator"),
        "imagePullPolicy": "IfNotPresent",
        "args": commands.arguments("operator"),
        "env": [
            *pods.environment(region),
            *pods.downward(commands.POD_NAME_VARIABLE, commands.POD_NAMESPACE_VARIABLE),
        ],
        "ports": pods.container_ports(names.OPERATOR),
        "resources": RESOURCES.manifest(),
        **pods.probes(names.OPERATOR, startup_seconds=60),
        "securityContext": pods.container_security(),
        "volumeMounts": [pods.tmp_mount()],
    }
