"""The files under `argocd/`: how the tree reaches the clusters.

Per part, one file is applied by hand, once: `novacron-<part>.yaml` with the root Application and its project.
The root delivers everything that changes with the fleet (the regions' project, one ApplicationSet per
environment or one Application per region), so a new region or kind needs a merge and no kubectl.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from charts_py.contract import names
from charts_py.contract.delivery import ArgoCd
from charts_py.contract.environment import Environment
from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.contract.region import Region
from charts_py.resources import argocd_rollout
from charts_py.resources.argocd_applications import (
    application_set,
    region_application,
    rolls_out,
    root_application,
)
from charts_py.resources.argocd_projects import Destination, fleet_project, region_project, rollout_project

Holds = Mapping[tuple[str, str, str], Collection[ObjectId]]
"""What the tree holds, by (environment, region, part)."""

Files = dict[str, list[Manifest]]
"""Objects by file, relative to `argocd/`."""


SETTINGS_FILE: Final = "install/argocd-cm.yaml"
"""What Argo CD itself must be told, once, where regions wait for each other."""


class DeliveryError(ValueError):
    """The environments can't be delivered by one Argo CD; the message says why and what to change."""


def files(environments: Sequence[Environment], holds: Holds) -> Files:
    """Every file under `argocd/` for these environments.

    Parts that a region doesn't hold get no Application. DeliveryError if two environments on one hub name
    different repositories or revisions.
    """
    found: Files = {}
    hub = [environment for environment in environments if environment.argocd.mode == "hub"]
    if hub:
        argocd = _shared(hub)
        for part in names.PARTS:
            found |= _hub_files(part, argocd, hub, holds)
    for environment in environments:
        if environment.argocd.mode == "per-cluster":
            for region in environment.regions:
                for part in names.PARTS:
                    found |= _cluster_files(part, environment.argocd, region, holds)
    return found


def programs(found: Files) -> dict[str, str]:
    """The files under `argocd/` that hold no objects, given those that do: what some of the objects read."""
    return {argocd_rollout.FILE: argocd_rollout.PROGRAM} if SETTINGS_FILE in found else {}


def _hub_files(part: str, argocd: ArgoCd, environments: Sequence[Environment], holds: Holds) -> Files:
    folder = f"applicationsets/{part}"
    delivered = {e.name: [r for r in e.regions if _held(r, part, holds)] for e in environments}
    held = [
        (Destination.named(region.cluster), obj)
        for regions in delivered.values()
        for region in regions
        for obj in _held(region, part, holds)
    ]
    if not held:
        return {}
    found = _root_files(
        part, argocd, folder, ("AppProject", "ApplicationSet"), names.argocd_application(part)
    )
    found[f"{folder}/{_project_file(names.argocd_application(part))}"] = [
        region_project(part, _repo(argocd), held)
    ]
    for environment in environments:
        regions = delivered[environment.name]
        if rolls_out(environment.argocd, regions):
            project = _project_file(names.rollout_project(part))
            found[f"{folder}/{project}"] = [rollout_project(part, _repo(argocd))]
            found[SETTINGS_FILE] = [argocd_rollout.health_settings()]
        if regions:
            namespace = _namespace(part, [obj for region in regions for obj in _held(region, part, holds)])
            found[f"{folder}/{environment.name}.yaml"] = [
                application_set(part, environment.argocd, regions, namespace)
            ]
    return found


def _cluster_files(part: str, argocd: ArgoCd, region: Region, holds: Holds) -> Files:
    held = _held(region, part, holds)
    if not held:
        return {}
    folder = f"{region.path}/{part}"
    application = names.region_application(region.environment, region.name, part)
    root = f"{region.path}/{names.argocd_application(part)}"
    found = _root_files(part, argocd, folder, ("AppProject", "Application"), root)
    project = region_project(part, _repo(argocd), [(Destination.own(), obj) for obj in held])
    found[f"{folder}/{_project_file(names.argocd_application(part))}"] = [project]
    found[f"{folder}/{application}.yaml"] = [
        region_application(
            part, argocd, region.environment, region.name, Destination.own(), _namespace(part, held)
        ),
    ]
    return found


def _root_files(part: str, argocd: ArgoCd, folder: str, kinds: tuple[str, ...], root: str) -> Files:
    return {
        f"{root}.yaml": [
            fleet_project(part, _repo(argocd), kinds),
            root_application(part, argocd, f"argocd/{folder}"),
        ]
    }


def _project_file(project: str) -> str:
    # `_` can't occur in an environment's name, so this never meets an environment's file.
    return f"AppProject.argoproj.io_{names.ARGOCD_NAMESPACE}_{project}.yaml"


def _held(region: Region, part: str, holds: Holds) -> Collection[ObjectId]:
    return holds.get((region.environment, region.name, part), ())


def _namespace(part: str, held: Collection[ObjectId]) -> str:
    """A namespace for the Application's destination: Argo CD wants one that the project allows."""
    found = {obj.namespace for obj in held if obj.namespace}
    if not found:
        raise DeliveryError(f"part {part} holds no namespaced object, so no Application can deliver it")
    return names.NAMESPACE if names.NAMESPACE in found else min(found)


def _repo(argocd: ArgoCd) -> str:
    if argocd.repo_url is None:
        raise DeliveryError("argocd.repoURL is missing: Argo CD needs the Git repository that holds the tree")
    return argocd.repo_url


def _shared(environments: Sequence[Environment]) -> ArgoCd:
    """The delivery settings that the environments of a hub have in common."""
    first = environments[0]
    for other in environments[1:]:
        for key, ours, theirs in (
            ("repoURL", first.argocd.repo_url, other.argocd.repo_url),
            ("revision", first.argocd.revision, other.argocd.revision),
        ):
            if ours != theirs:
                raise DeliveryError(
                    f"argocd.{key} is {ours} in {first.name} and {theirs} in {other.name}, but one hub reads "
                    f"both from one place; make them equal, or set argocd.mode: per-cluster in one of them"
                )
    return first.argocd
