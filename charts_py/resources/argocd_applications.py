"""Applications and ApplicationSets: which folder goes to which cluster, in which order, who may differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from charts_py.contract import labels, names
from charts_py.contract.delivery import ArgoCd
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources.argocd_projects import API_VERSION, COMPONENT, Destination
from charts_py.resources.objects import manifest

COMPARE_OPTIONS: Final = "argocd.argoproj.io/compare-options"
COMPARE: Final = {COMPARE_OPTIONS: "ServerSideDiff=true"}
"""The API server itself says what an apply would change, so its defaults (those inside lists of custom
resources and volumeClaimTemplates above all) are never taken for drift."""

RETRY: Final = {
    "limit": 10,
    "refresh": True,
    "backoff": {"duration": "10s", "factor": 2, "maxDuration": "5m"},
}
"""Parts wait for each other (a namespace, a custom resource definition) by failing and retrying. `refresh`
lets a fix that is pushed meanwhile take the place of the revision that fails."""

SYNC_POLICY: Final = {
    "automated": {"prune": True, "selfHeal": True},
    "syncOptions": ["ServerSideApply=true", "RespectIgnoreDifferences=true"],
    "retry": RETRY,
}

# Git omits these fields. Argo CD's server-side apply forces conflicts, so the entries are the second lock:
# with RespectIgnoreDifferences a template that carries the field by mistake still can't take it.
_OTHERS_FIELDS: Final[dict[str, list[dict[str, Any]]]] = {
    "core": [
        # The HPA decides how many API pods run.
        {
            "group": "apps",
            "kind": "Deployment",
            "name": names.API,
            "namespace": names.NAMESPACE,
            "jsonPointers": ["/spec/replicas"],
        },
        # The operator adds and removes members before it changes the number of pods.
        {
            "group": "apps",
            "kind": "StatefulSet",
            "name": names.CONSENSUS,
            "namespace": names.NAMESPACE,
            "jsonPointers": ["/spec/replicas"],
        },
    ]
}


def generated_path(environment: str, region: str, part: str) -> str:
    """The folder of the tree that one Application delivers."""
    return f"generated/{environment}/{region}/{part}"


def root_application(part: str, argocd: ArgoCd, path: str) -> Manifest:
    """What people apply by hand and sync by name: it delivers the folder `path` to Argo CD itself."""
    return manifest(
        API_VERSION,
        "Application",
        names.argocd_application(part),
        app=names.PRODUCT,
        component=COMPONENT,
        wave=Wave.CLUSTERS,
        namespace=names.ARGOCD_NAMESPACE,
        labels={labels.PART: part},
        annotations=COMPARE,
        spec={
            "project": names.fleet_project(part),
            "source": _source(argocd, path),
            "destination": Destination.own().manifest(names.ARGOCD_NAMESPACE),
            "syncPolicy": SYNC_POLICY,
        },
    )


def region_application(part: str, argocd: ArgoCd, region: Region, namespace: str) -> Manifest:
    """One part of one region, delivered by the region's own Argo CD.

    namespace: one that the part's project allows; every object of the tree names its own.
    """
    return manifest(
        API_VERSION,
        "Application",
        names.region_application(region.environment, region.name, part),
        app=names.PRODUCT,
        component=COMPONENT,
        wave=Wave.CLUSTERS,
        namespace=names.ARGOCD_NAMESPACE,
        labels=_labels(region.environment, region.name, part),
        annotations=COMPARE,
        spec=_region_spec(part, argocd, region.environment, region.name, Destination.own(), namespace),
    )


def application_set(part: str, argocd: ArgoCd, regions: Sequence[Region], namespace: str) -> Manifest:
    """One part of all `regions` of an environment, delivered by the hub in the order of the fleet file.

    The controller switches automated sync off in Applications that it rolls out one after the other: it syncs
    them itself, region by region, when the revision changes. A single region has no order, so it keeps
    automated sync and with it self-heal.
    """
    environment = regions[0].environment
    spec: dict[str, Any] = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"list": {"elements": [{"region": r.name, "cluster": r.cluster} for r in regions]}}],
        "template": {
            "metadata": {
                "name": names.region_application(environment, "{{.region}}", part),
                "labels": _labels(environment, "{{.region}}", part),
                "annotations": COMPARE,
            },
            "spec": _region_spec(
                part, argocd, environment, "{{.region}}", Destination.named("{{.cluster}}"), namespace
            ),
        },
        # Taking a region out of the fleet file stops delivery; it never deletes what runs there.
        "syncPolicy": {"preserveResourcesOnDeletion": True},
    }
    if argocd.region_by_region and len(regions) > 1:
        spec["strategy"] = {
            "type": "RollingSync",
            "rollingSync": {"steps": [_step(region.name) for region in regions]},
        }
    return manifest(
        API_VERSION,
        "ApplicationSet",
        names.application_set(environment, part),
        app=names.PRODUCT,
        component=COMPONENT,
        wave=Wave.CLUSTERS,
        namespace=names.ARGOCD_NAMESPACE,
        labels={labels.ENVIRONMENT: environment, labels.PART: part},
        spec=spec,
    )


def _region_spec(
    part: str, argocd: ArgoCd, environment: str, region: str, to: Destination, namespace: str
) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "project": names.argocd_application(part),
        "source": _source(argocd, generated_path(environment, region, part)),
        "destination": to.manifest(namespace),
        "syncPolicy": SYNC_POLICY,
    }
    if part in _OTHERS_FIELDS:
        spec["ignoreDifferences"] = _OTHERS_FIELDS[part]
    return spec


def _source(argocd: ArgoCd, path: str) -> dict[str, Any]:
    return {
        "repoURL": argocd.repo_url,
        "targetRevision": argocd.revision,
        "path": path,
        "directory": {"recurse": True},
    }


def _labels(environment: str, region: str, part: str) -> dict[str, str]:
    return {labels.ENVIRONMENT: environment, labels.REGION: region, labels.PART: part}


def _step(region: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": labels.REGION, "operator": "In", "values": [region]}]}
