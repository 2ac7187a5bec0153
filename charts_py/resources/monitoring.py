"""Prometheus Operator's objects of a region, where the fleet says that it runs there."""

from __future__ import annotations

from typing import Final

from charts_py.contract import labels, names
from charts_py.contract.flows import WORKLOADS, Workload
from charts_py.contract.manifest import Manifest
from charts_py.contract.ports import METRICS_PORTS
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources.alerts import ALERTS
from charts_py.resources.objects import manifest

API_VERSION: Final = "monitoring.coreos.com/v1"
COMPONENT: Final = "monitoring"
INTERVAL: Final = "30s"


def manifests(region: Region) -> list[Manifest]:
    """A PodMonitor per workload and one PrometheusRule, or nothing without Prometheus."""
    if not region.monitoring.prometheus:
        return []
    return [*(_pod_monitor(workload) for workload in _running(region)), _rules(region)]


def _running(region: Region) -> list[Workload]:
    return [workload for workload in WORKLOADS if region.dwcp.enabled or workload.app != names.DWCP]


def _pod_monitor(workload: Workload) -> Manifest:
    # Inside a mesh as well, the metrics port is reached around the sidecar: plain HTTP in both cases.
    return manifest(
        API_VERSION,
        "PodMonitor",
        workload.app,
        app=workload.app,
        component=COMPONENT,
        wave=Wave.OPERATIONS,
        namespace=names.MONITORING_NAMESPACE,
        spec={
            "jobLabel": labels.APP,
            "namespaceSelector": {"matchNames": [workload.namespace]},
            "selector": {"matchLabels": labels.selector(workload.app)},
            "podMetricsEndpoints": [
                {"port": METRICS_PORTS[workload.app].name, "path": "/metrics", "interval": INTERVAL}
            ],
        },
    )


def _rules(region: Region) -> Manifest:
    apps = {workload.app for workload in _running(region)}
    where = {"environment": region.environment, "region": region.name}
    rules = [alert.manifest(where) for alert in ALERTS if alert.app is None or alert.app in apps]
    return manifest(
        API_VERSION,
        "PrometheusRule",
        names.PRODUCT,
        app=names.PRODUCT,
        component=COMPONENT,
        wave=Wave.OPERATIONS,
        namespace=names.MONITORING_NAMESPACE,
        spec={"groups": [{"name": names.PRODUCT, "rules": rules}]},
    )
