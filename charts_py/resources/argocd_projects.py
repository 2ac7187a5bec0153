"""AppProjects: what each part may deliver, derived from what the tree holds and nothing wider."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from charts_py.contract import names
from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.contract.waves import Wave
from charts_py.resources.objects import manifest

API_VERSION: Final = "argoproj.io/v1alpha1"
COMPONENT: Final = "delivery"
OWN_CLUSTER: Final = "https://kubernetes.default.svc"
"""How Argo CD calls the cluster it runs in."""


@dataclass(frozen=True, kw_only=True, order=True)
class Destination:
    """A cluster, in the way an Application names it: `name` of its cluster Secret, or `server`."""

    field: str
    value: str

    @classmethod
    def named(cls, cluster: str) -> Destination:
        """A cluster by the name of its cluster Secret."""
        return cls(field="name", value=cluster)

    @classmethod
    def own(cls) -> Destination:
        """The cluster that Argo CD itself runs in."""
        return cls(field="server", value=OWN_CLUSTER)

    def manifest(self, namespace: str) -> dict[str, str]:
        """As an Application's or AppProject's destination."""
        return {self.field: self.value, "namespace": namespace}


def region_project(part: str, repo_url: str, held: Iterable[tuple[Destination, ObjectId]]) -> Manifest:
    """The project of a part's regions: `held` are all objects of the part with the cluster they go to.

    Kinds inside namespaces are allowed by kind, cluster-scoped objects one by one, by name.
    """
    pairs = sorted(set(held))
    namespaced = sorted({(obj.group, obj.kind) for _, obj in pairs if obj.namespace})
    cluster_wide = sorted({(obj.group, obj.kind, obj.name) for _, obj in pairs if not obj.namespace})
    targets = sorted({(to, obj.namespace) for to, obj in pairs if obj.namespace})
    spec: dict[str, Any] = {
        "description": f"What the {part} part of NovaCron's tree holds",
        "sourceRepos": [repo_url],
        "destinations": [to.manifest(namespace) for to, namespace in targets],
    }
    if cluster_wide:
        spec["clusterResourceWhitelist"] = [
            {"group": group, "kind": kind, "name": name} for group, kind, name in cluster_wide
        ]
    if namespaced:
        spec["namespaceResourceWhitelist"] = [{"group": group, "kind": kind} for group, kind in namespaced]
    else:
        # An absent list of namespaced kinds allows every kind.
        spec["namespaceResourceBlacklist"] = [{"group": "*", "kind": "*"}]
    return _project(names.argocd_application(part), spec)


def fleet_project(part: str, repo_url: str, kinds: Iterable[str]) -> Manifest:
    """The project of a part's root Application, which delivers `kinds` of Argo CD's own to Argo CD."""
    spec = {
        "description": f"Projects and Applications of NovaCron's {part} part",
        "sourceRepos": [repo_url],
        "destinations": [Destination.own().manifest(names.ARGOCD_NAMESPACE)],
        "namespaceResourceWhitelist": [{"group": "argoproj.io", "kind": kind} for kind in sorted(kinds)],
    }
    return _project(names.fleet_project(part), spec)


def rollout_project(part: str, repo_url: str) -> Manifest:
    """The project of what makes the regions' Applications in Argo CD's own namespace."""
    spec = {
        "description": f"The order in which NovaCron's {part} part goes through the regions",
        "sourceRepos": [repo_url],
        "destinations": [Destination.own().manifest(names.ARGOCD_NAMESPACE)],
        "namespaceResourceWhitelist": [{"group": "argoproj.io", "kind": "Application"}],
    }
    return _project(names.rollout_project(part), spec)


def _project(name: str, spec: dict[str, Any]) -> Manifest:
    return manifest(
        API_VERSION,
        "AppProject",
        name,
        app=names.PRODUCT,
        component=COMPONENT,
        wave=Wave.POLICIES,
        namespace=names.ARGOCD_NAMESPACE,
        spec=spec,
    )
