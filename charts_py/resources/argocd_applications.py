"""Applications and ApplicationSets: which folder goes to which cluster, in which order, who may differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from charts_py.contract import labels, names
from charts_py.contract.delivery import ArgoCd
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources import argocd_rollout
from charts_py.resources.argocd_projects import API_VERSION, COMPONENT, Destination
from charts_py.resources.objects import manifest

COMPARE_OPTIONS: Final = "argocd.argoproj.io/compare-options"
COMPARE: Final = {COMPARE_OPTIONS: "ServerSideDiff=true"}
"""The API server itself says what an apply would change, so its defaults (those inside lists of custom
resources and volumeClaimTemplates above all) are never taken for drift."""

FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"
"""Deleting an Application that carries it deletes what it delivered."""

RETRY: Final = {
    "limit": 10,
    "refresh": True,
    "backoff": {"duration": "10s", "factor": 2, "maxDuration": "5m"},
}
"""Parts wait for each other (a namespace, a custom resource definition) by failing and retrying. `refresh`
lets a fix that is pushed meanwhile take the place of the revision that fails."""

SYNC_POLICY: Final = {
    "automated": {"prune": True, "selfHeal": True},
    # Without RespectIgnoreDifferences: that writes the value that Argo CD saw into what it applies, so that
    # Argo CD owns the field from then on, and sets it back when its owner has just changed it.
    "syncOptions": ["ServerSideApply=true"],
    "retry": RETRY,
}

# Git omits these fields, and server-side apply leaves alone what it isn't given. The entries keep them out of
# the comparison, whatever their owners write.
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


def region_application(
    part: str, argocd: ArgoCd, environment: str, region: str, to: Destination, namespace: str
) -> Manifest:
    """One part of one region, delivered to the cluster `to`.

    namespace: one that the part's project allows; every object of the tree names its own.
    """
    return manifest(
        API_VERSION,
        "Application",
        names.region_application(environment, region, part),
        app=names.PRODUCT,
        component=COMPONENT,
        wave=Wave.CLUSTERS,
        namespace=names.ARGOCD_NAMESPACE,
        labels=_labels(environment, region, part),
        annotations=COMPARE,
        spec=_region_spec(part, argocd, environment, region, to, namespace),
    )


def application_set(part: str, argocd: ArgoCd, regions: Sequence[Region], namespace: str) -> Manifest:
    """One part of all `regions` of an environment, delivered by the hub.

    Makes each region's Application, or, where regions wait for each other, the one Application that makes
    them in the order of the fleet file.
    """
    environment = regions[0].environment
    listed = [{"region": r.name, "cluster": r.cluster} for r in regions]
    if rolls_out(argocd, regions):
        body = _in_order(part, argocd, environment, listed, namespace)
    else:
        body = _at_once(part, argocd, environment, listed, namespace)
    return manifest(
        API_VERSION,
        "ApplicationSet",
        names.application_set(environment, part),
        app=names.PRODUCT,
        component=COMPONENT,
        wave=Wave.CLUSTERS,
        namespace=names.ARGOCD_NAMESPACE,
        labels={labels.ENVIRONMENT: environment, labels.PART: part},
        spec={"goTemplate": True, "goTemplateOptions": ["missingkey=error"], **body},
    )


def rolls_out(argocd: ArgoCd, regions: Sequence[Region]) -> bool:
    """Whether these regions of one environment wait for each other."""
    return argocd.region_by_region and len(regions) > 1


def _at_once(
    part: str, argocd: ArgoCd, environment: str, regions: list[dict[str, str]], namespace: str
) -> dict[str, Any]:
    to = Destination.named("{{.cluster}}")
    return {
        "generators": [{"list": {"elements": regions}}],
        "template": {
            "metadata": {
                "name": names.region_application(environment, "{{.region}}", part),
                "labels": _labels(environment, "{{.region}}", part),
                "annotations": COMPARE,
            },
            "spec": _region_spec(part, argocd, environment, "{{.region}}", to, namespace),
        },
        # Taking a region out of the fleet file stops delivery; it never deletes what runs there.
        "syncPolicy": {"preserveResourcesOnDeletion": True},
    }


def _in_order(
    part: str, argocd: ArgoCd, environment: str, regions: list[dict[str, str]], namespace: str
) -> dict[str, Any]:
    to = Destination.named(argocd_rollout.placeholder("cluster"))
    region = argocd_rollout.placeholder("region")
    application = region_application(part, argocd_rollout.pinned(argocd), environment, region, to, namespace)
    application["metadata"]["annotations"][labels.SYNC_WAVE] = argocd_rollout.placeholder(argocd_rollout.WAVE)
    return {
        "generators": [{"list": {"elements": [{argocd_rollout.REGIONS: regions}]}}],
        "template": {
            "metadata": {
                "name": names.rollout_application(environment, part),
                "labels": {labels.ENVIRONMENT: environment, labels.PART: part},
                "annotations": COMPARE,
                # Takes the regions' Applications along. They have none, so what runs there stays.
                "finalizers": [FINALIZER],
            },
            "spec": {
                "project": names.rollout_project(part),
                "source": argocd_rollout.source(argocd, application),
                "destination": Destination.own().manifest(names.ARGOCD_NAMESPACE),
                "syncPolicy": SYNC_POLICY,
            },
        },
    }


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
