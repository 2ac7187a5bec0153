"""One index over all objects of a cluster, built once and asked by every rule."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from charts_py.contract import labels, names
from charts_py.contract.external import External
from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks import selectors
from charts_py.tree.checks.pods import TEMPLATE_FIELDS, PodTemplate, template_of
from charts_py.tree.checks.secret_makers import made_secrets
from charts_py.tree.checks.selectors import Selector
from charts_py.tree.checks.shape import mapping, string_map

BUILT_IN: Final = frozenset(
    [
        *(
            ObjectId(group="", kind="Namespace", namespace="", name=name)
            for name in ("default", "kube-system", "kube-public", "kube-node-lease")
        ),
        *(
            ObjectId(group="scheduling.k8s.io", kind="PriorityClass", namespace="", name=name)
            for name in ("system-cluster-critical", "system-node-critical")
        ),
        *(
            ObjectId(group="rbac.authorization.k8s.io", kind="ClusterRole", namespace="", name=name)
            for name in ("cluster-admin", "admin", "edit", "view")
        ),
    ]
)
"""What every API server makes at its start."""

POD_NAME_LABEL: Final = "statefulset.kubernetes.io/pod-name"


class ClusterView:
    """The objects of one cluster by identity, kind and pod labels.

    The view remembers which externals were asked for, so that one that nobody needs can be reported.
    """

    def __init__(
        self, objects: Sequence[tuple[ObjectId, Manifest]], external: Sequence[External] = ()
    ) -> None:
        self.objects: Final = tuple(objects)
        self.external: Final = {_identity(item): item for item in external}
        self.used: Final[set[ObjectId]] = set()
        self.by_id: Final[dict[ObjectId, Manifest]] = {}
        self._by_kind: Final[dict[tuple[str, str], list[tuple[ObjectId, Manifest]]]] = {}
        self._external_pods: Final[dict[str, list[External]]] = {}
        pods: list[PodTemplate] = []
        for identity, manifest in self.objects:
            self.by_id[identity] = manifest
            self._by_kind.setdefault((identity.group, identity.kind), []).append((identity, manifest))
            pod = template_of(identity, manifest)
            if pod is not None:
                pods.append(pod)
        for item in external:
            if (item.group, item.kind) in TEMPLATE_FIELDS:
                self._external_pods.setdefault(item.namespace, []).append(item)
        self.pods: Final = tuple(pods)
        self._pods_by_namespace: Final[dict[str, list[PodTemplate]]] = {}
        for pod in pods:
            self._pods_by_namespace.setdefault(pod.namespace, []).append(pod)

    def of(self, group: str, kind: str) -> Sequence[tuple[ObjectId, Manifest]]:
        """All objects of one kind, in the order of the tree."""
        return self._by_kind.get((group, kind), ())

    def get(self, group: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object of that identity if the tree holds it."""
        return self.by_id.get(ObjectId(group=group, kind=kind, namespace=namespace, name=name))

    def exists(self, group: str, kind: str, namespace: str, name: str) -> bool:
        """Whether the tree, an external or Kubernetes itself provides the object."""
        identity = ObjectId(group=group, kind=kind, namespace=namespace, name=name)
        if identity in self.by_id or identity in BUILT_IN:
            return True
        if identity in self.external:
            self.used.add(identity)
            return True
        return False

    def near(self, group: str, kind: str, namespace: str, name: str) -> str:
        """What to write instead of a name that doesn't exist, for the end of a message."""
        there = sorted(
            identity.name
            for identity in (*self.by_id, *self.external)
            if (identity.group, identity.kind, identity.namespace) == (group, kind, namespace)
        )
        return nearest(name, there)

    def missing(self, group: str, kind: str, namespace: str, name: str) -> str:
        """The message for an object that is referred to and doesn't exist."""
        identity = ObjectId(group=group, kind=kind, namespace=namespace, name=name)
        return (
            f"{identity} does not exist in this cluster{self.near(group, kind, namespace, name)}. "
            "Create it, correct the reference, or declare it as an external with its owner."
        )

    @cached_property
    def secrets(self) -> Mapping[tuple[str, str], frozenset[str] | None]:
        """Secrets that exist or will be made, by namespace and name, with their keys (None: unknown)."""
        return made_secrets(self.objects)

    def secret_keys(self, namespace: str, name: str) -> frozenset[str] | None:
        """The keys of an existing Secret, None when only its maker knows them."""
        return self.secrets.get((namespace, name))

    def has_secret(self, namespace: str, name: str) -> bool:
        """Whether a Secret exists: in the tree, made by a Certificate or ExternalSecret, or external."""
        return (namespace, name) in self.secrets or self.exists("", "Secret", namespace, name)

    @cached_property
    def namespace_labels(self) -> Mapping[str, Mapping[str, str]]:
        """Labels of every namespace that exists, with the one that the API server adds."""
        found: dict[str, dict[str, str]] = {}
        for identity in BUILT_IN:
            if identity.kind == "Namespace":
                found[identity.name] = {}
        for identity, item in self.external.items():
            if (identity.group, identity.kind) == ("", "Namespace"):
                found[identity.name] = dict(item.labels)
        for identity, manifest in self.of("", "Namespace"):
            found[identity.name] = string_map(manifest, "metadata", "labels")
        for name, of_namespace in found.items():
            of_namespace[labels.NAMESPACE_NAME] = name
        return found

    def namespaces_matching(self, selector: Selector) -> list[str]:
        """Names of the existing namespaces whose labels satisfy `selector`."""
        matching = [
            name for name, found in self.namespace_labels.items() if selectors.matches(selector, found)
        ]
        for name in matching:
            self.exists("", "Namespace", "", name)
        return matching

    def own_pods(self, selector: Selector, namespaces: Collection[str] | None = None) -> list[PodTemplate]:
        """The tree's pod templates that `selector` selects, in `namespaces` or (None) everywhere."""
        if namespaces is None:
            candidates: Iterable[PodTemplate] = self.pods
        else:
            candidates = (
                pod for namespace in namespaces for pod in self._pods_by_namespace.get(namespace, ())
            )
        return [pod for pod in candidates if pod_matches(selector, pod)]

    def external_pods(self, selector: Selector, namespaces: Collection[str] | None = None) -> list[External]:
        """The externals that run pods which `selector` selects. One that tells no labels may run any pod."""
        matching: list[External] = []
        for namespace in self._external_pods if namespaces is None else namespaces:
            for item in self._external_pods.get(namespace, ()):
                if not item.labels or selectors.matches(selector, dict(item.labels)):
                    self.used.add(_identity(item))
                    matching.append(item)
        return matching

    def selects(self, selector: Selector, namespaces: Collection[str] | None = None) -> bool:
        """Whether any pod, the tree's or an external's, is selected."""
        return bool(self.own_pods(selector, namespaces)) or bool(self.external_pods(selector, namespaces))

    def pods_of(self, owner: ObjectId) -> PodTemplate | None:
        """The pods that the workload `owner` makes."""
        return next(
            (pod for pod in self._pods_by_namespace.get(owner.namespace, ()) if pod.owner == owner), None
        )

    def mesh_namespaces(self, namespace: str) -> list[str] | None:
        """Where a mesh policy in `namespace` looks for workloads: the root namespace reaches all (None)."""
        return None if namespace == names.ISTIO_NAMESPACE else [namespace]


def nearest(name: str, there: Sequence[str]) -> str:
    """` (there is ...)` with the closest names first, "" when there is nothing to offer."""
    close = difflib.get_close_matches(name, there, n=3, cutoff=0.5) or list(there[:5])
    return f" (there is {', '.join(close)})" if close else ""


def pod_matches(selector: Selector, pod: PodTemplate) -> bool:
    """Whether `selector` selects pods of the template, whose StatefulSet may add each pod's own name."""
    known = pod.labels
    wanted = mapping(selector, "matchLabels").get(POD_NAME_LABEL)
    if isinstance(wanted, str) and pod.owner.kind == "StatefulSet":
        stem, _, ordinal = wanted.rpartition("-")
        if stem == pod.owner.name and ordinal.isdecimal():
            known = {**known, POD_NAME_LABEL: wanted}
    return selectors.matches(selector, known)


def selector_of(manifest: Mapping[str, Any], *path: str) -> Selector:
    """The label selector at `path`, empty when there is none."""
    return mapping(manifest, *path)


def each(view: ClusterView, *kinds: tuple[str, str]) -> Iterator[tuple[ObjectId, Manifest]]:
    """All objects of several kinds."""
    for group, kind in kinds:
        yield from view.of(group, kind)


def _identity(item: External) -> ObjectId:
    return ObjectId(group=item.group, kind=item.kind, namespace=item.namespace, name=item.name)
