"""The NovaCronCluster and NovaCronRegion objects of a fleet, which the operator observes."""

from __future__ import annotations

import dataclasses

from charts_py.contract import names
from charts_py.contract.crds import ClusterMesh, ClusterMonitoring, NovaCronClusterSpec
from charts_py.contract.crds import NovaCronRegionSpec as RegionSpec
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region, RegionSettings
from charts_py.contract.setting import plain
from charts_py.contract.waves import Wave
from charts_py.resources.objects import manifest


def manifests(region: Region) -> list[Manifest]:
    """The objects that this region's cluster holds."""
    cluster = [novacron_cluster(region)] if region.members else []
    return [*cluster, novacron_region(region)]


def novacron_region(region: Region) -> Manifest:
    """The region's own object: every setting in effect."""
    settings = {field.name: getattr(region, field.name) for field in dataclasses.fields(RegionSettings)}
    spec = RegionSpec(
        **settings,
        region=region.name,
        cluster=region.environment,
        version=region.version,
        management="GitOps",
    )
    return _custom_resource("NovaCronRegion", region.name, region.version, plain(spec))


def novacron_cluster(home: Region) -> Manifest:
    """The environment's object, built from its home region."""
    spec = NovaCronClusterSpec(
        version=home.version,
        management="GitOps",
        regions=home.members,
        dwcp=home.dwcp,
        monitoring=ClusterMonitoring(prometheus=home.monitoring.prometheus),
        service_mesh=ClusterMesh(enabled=home.service_mesh.enabled),
    )
    return _custom_resource("NovaCronCluster", home.environment, home.version, plain(spec))


def _custom_resource(kind: str, name: str, version: str, spec: object) -> Manifest:
    return manifest(
        names.API_VERSION,
        kind,
        name,
        namespace=names.NAMESPACE,
        app=names.OPERATOR,
        component="operator",
        version=version,
        wave=Wave.CLUSTERS,
        spec=spec,
    )
