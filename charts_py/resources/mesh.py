"""Istio's objects of a region, where the fleet says that it has Istio."""

from __future__ import annotations

from charts_py.contract import names
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources import mesh_security, mesh_traffic
from charts_py.resources.objects import manifest


def manifests(region: Region) -> list[Manifest]:
    """All of them, or none without a mesh."""
    if not region.service_mesh.enabled:
        return []
    return [
        *mesh_security.manifests(region),
        *mesh_traffic.manifests(region),
        _telemetry(),
    ]


def _telemetry() -> Manifest:
    return manifest(
        "telemetry.istio.io/v1",
        "Telemetry",
        names.PRODUCT,
        app=names.PRODUCT,
        component="mesh",
        wave=Wave.TRAFFIC,
        namespace=names.NAMESPACE,
        spec={
            "metrics": [{"providers": [{"name": "prometheus"}]}],
            # Every request would cost more to log than to serve; metrics count the good ones.
            "accessLogging": [
                {"providers": [{"name": "envoy"}], "filter": {"expression": "response.code >= 400"}}
            ],
        },
    )
