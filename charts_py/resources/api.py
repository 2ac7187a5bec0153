"""The regional API server: a Deployment whose size the autoscaler owns and whose updates nobody notices."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from charts_py.contract import commands, labels, names, ports
from charts_py.contract.manifest import Manifest
from charts_py.contract.quantity import canonical
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources import pods, sidecar, spot
from charts_py.resources.objects import manifest

COMPONENT: Final = "api"

_object: Final = partial(manifest, namespace=names.NAMESPACE, app=names.API, component=COMPONENT)

PRE_STOP_SECONDS: Final = 15
"""How long proxies and load balancers may take to notice that an endpoint has gone."""

DRAIN_SECONDS: Final = 30
"""How long the server may take to finish the requests that it has accepted."""

GRACE_SECONDS: Final = PRE_STOP_SECONDS + DRAIN_SECONDS + 15


def manifests(region: Region) -> list[Manifest]:
    """The API server of one region."""
    return [
        _service_account(),
        _service(),
        workload(region),
        _autoscaler(region),
        *([_recommender()] if region.api.recommender else []),
        _disruption_budget(),
    ]


def workload_reference() -> dict[str, str]:
    """What the autoscalers point at. Whoever turns the Deployment into a Rollout changes it here."""
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": names.API}


def workload(region: Region) -> Manifest:
    """The Deployment. It says nothing of replicas: the autoscaler owns that field from the first commit.

    One new pod at a time, none taken away before its successor has been ready for a while.
    """
    reference = workload_reference()
    return _object(
        reference["apiVersion"],
        reference["kind"],
        reference["name"],
        wave=Wave.API,
        version=region.version,
        spec={
            "revisionHistoryLimit": 5,
            "progressDeadlineSeconds": 600,
            "minReadySeconds": 10,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "selector": {"matchLabels": labels.selector(names.API)},
            "template": {"metadata": _pod_metadata(region), "spec": _pod(region)},
        },
    )


def _service_account() -> Manifest:
    return _object(
        "v1", "ServiceAccount", names.API, wave=Wave.IDENTITIES, automountServiceAccountToken=False
    )


def _service() -> Manifest:
    return _object(
        "v1",
        "Service",
        names.API,
        wave=Wave.API,
        spec={
            "type": "ClusterIP",
            "selector": labels.selector(names.API),
            "ports": [
                pods.service_port(ports.API_HTTP, number=ports.API_SERVICE_PORT),
                pods.service_port(ports.API_METRICS),
            ],
        },
    )


def _pod_metadata(region: Region) -> dict[str, Any]:
    return pods.metadata(
        labels={**labels.standard(names.API, component=COMPONENT), **sidecar.pod_labels(region, names.API)},
        annotations={**pods.movable(), **sidecar.pod_annotations(region, names.API)},
    )


def _pod(region: Region) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "serviceAccountName": names.API,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": names.PRIORITY_SERVING,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": pods.pod_security(),
    }
    if region.api.spot and spot.preference(region.provider):
        pod["affinity"] = {
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": spot.preference(region.provider)
            }
        }
        pod["tolerations"] = spot.tolerations(region.provider)
    pod["topologySpreadConstraints"] = [_spread(labels.ZONE), _spread(labels.HOSTNAME)]
    pod["containers"] = [_container(region)]
    pod["volumes"] = [pods.tmp_volume()]
    return pod


def _spread(topology: str) -> dict[str, Any]:
    """Even over `topology` where possible. Only pods of one revision are counted, so that a roll-out doesn't
    end lopsided; an autoscaler's pod that can't be placed evenly still runs."""
    return {
        "maxSkew": 1,
        "topologyKey": topology,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels.selector(names.API)},
        "matchLabelKeys": ["pod-template-hash"],
    }


def _container(region: Region) -> dict[str, Any]:
    return {
        "name": names.API_CONTAINER,
        "image": region.image("api"),
        "imagePullPolicy": "IfNotPresent",
        "args": commands.arguments("api"),
        "env": [
            *pods.environment(region),
            *pods.downward(commands.POD_NAME_VARIABLE, commands.POD_NAMESPACE_VARIABLE),
        ],
        "ports": pods.container_ports(names.API),
        "resources": region.api.resources.manifest(),
        **pods.probes(names.API, startup_seconds=60),
        "lifecycle": pods.pre_stop_sleep(PRE_STOP_SECONDS),
        "securityContext": pods.container_security(),
        "volumeMounts": [pods.tmp_mount()],
    }


def _autoscaler(region: Region) -> Manifest:
    """Up at once, by as much as doubles the pods; down by a tenth a minute, after five quiet minutes.

    Requests per second come from the custom metrics API, which exists only beside Prometheus. An autoscaler
    that can't read one of its metrics never scales down, so elsewhere CPU decides alone.
    """
    metrics: list[dict[str, Any]] = [
        {
            "type": "Resource",
            "resource": {
                "name": "cpu",
                "target": {"type": "Utilization", "averageUtilization": region.api.cpu_utilization},
            },
        }
    ]
    if region.monitoring.prometheus:
        metrics.append(
            {
                "type": "Pods",
                "pods": {
                    "metric": {"name": "http_requests_per_second"},
                    "target": {
                        "type": "AverageValue",
                        "averageValue": canonical(str(region.api.requests_per_second)),
                    },
                },
            }
        )
    return _object(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        names.API_HPA,
        wave=Wave.SCALING,
        spec={
            "scaleTargetRef": workload_reference(),
            "minReplicas": region.api.min_replicas,
            "maxReplicas": region.api.max_replicas,
            "metrics": metrics,
            "behavior": {
                "scaleUp": {
                    "stabilizationWindowSeconds": 0,
                    "selectPolicy": "Max",
                    "policies": [
                        {"type": "Percent", "value": 100, "periodSeconds": 60},
                        {"type": "Pods", "value": 4, "periodSeconds": 60},
                    ],
                },
                "scaleDown": {
                    "stabilizationWindowSeconds": 300,
                    "selectPolicy": "Min",
                    "policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}],
                },
            },
        },
    )


def _recommender() -> Manifest:
    """Recommends only: two autoscalers acting on the same CPU figure would chase each other."""
    return _object(
        "autoscaling.k8s.io/v1",
        "VerticalPodAutoscaler",
        names.API_VPA,
        wave=Wave.SCALING,
        spec={"targetRef": workload_reference(), "updatePolicy": {"updateMode": "Off"}},
    )


def _disruption_budget() -> Manifest:
    """A tenth of the pods, rounded up, so that a drain always gets on; broken pods never hold one up."""
    return _object(
        "policy/v1",
        "PodDisruptionBudget",
        names.API,
        wave=Wave.SCALING,
        spec={
            "maxUnavailable": "10%",
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": labels.selector(names.API)},
        },
    )
