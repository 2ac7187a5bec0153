"""One Argo CD: its projects, its Applications with those of its ApplicationSets, and what they deliver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.resources import argocd_rollout
from charts_py.tree.checks.argocd_templates import UnreadableError, applications
from charts_py.tree.checks.identity import identify
from charts_py.tree.checks.shape import at, mapping, mappings, string_map, text

ARGO: Final = "argoproj.io"
ANY_COMMIT: Final = "0" * argocd_rollout.COMMIT_LENGTH

Files = Mapping[str, Sequence[Manifest]]
"""The objects of each file by its path in the repository."""

Delivered = Sequence[tuple[str, ObjectId, Manifest]]
"""Objects with the path of their file."""


@dataclass(frozen=True, kw_only=True)
class Application:
    """An Application. `owner` is the object that holds it, `field` the path of its spec in there."""

    owner: ObjectId
    field: str
    name: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]

    def sources(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every source with its field."""
        if "source" in self.spec:
            yield f"{self.field}.source", mapping(self.spec, "source")
        for index, source in mappings(self.spec, "sources"):
            yield f"{self.field}.sources[{index}]", source

    @property
    def destination(self) -> tuple[str, str]:
        """The cluster as (`name` or `server`, its value)."""
        target = mapping(self.spec, "destination")
        return ("name", text(target, "name")) if "name" in target else ("server", text(target, "server"))

    @property
    def namespace(self) -> str:
        """Where objects go that name no namespace."""
        return text(self.spec, "destination", "namespace")

    @property
    def project(self) -> str:
        """The project that allows this Application what it does."""
        return text(self.spec, "project")


class ArgoView:
    """Everything that one Argo CD holds (`control`), and the files of the whole repository.

    `region` is `<environment>/<region>` where it is the region's own Argo CD, "" where it is the hub.
    """

    def __init__(self, control: Files, files: Files, region: str = "") -> None:
        self.region: Final = region
        self.directories: Final[dict[str, list[tuple[str, ObjectId, Manifest]]]] = {}
        for path, manifests in sorted(files.items()):
            entries = [(path, found, m) for m in manifests if (found := identify(m)) is not None]
            parents = path.split("/")[:-1]
            for depth in range(1, len(parents) + 1):
                self.directories.setdefault("/".join(parents[:depth]), []).extend(entries)
        self.objects: Final = [
            (found, m)
            for _, manifests in sorted(control.items())
            for m in manifests
            if (found := identify(m))
        ]
        self.projects: Final = {
            found.name: (found, m)
            for found, m in self.objects
            if (found.group, found.kind) == (ARGO, "AppProject")
        }
        self._delivered: Final[dict[int, list[tuple[str, ObjectId, Manifest]]]] = {}
        self._paths: Final = files.keys()
        self._rolled: Final[dict[int, list[tuple[str, ObjectId, Manifest]]]] = {}
        self.unreadable: Final[list[tuple[ObjectId, str]]] = []
        self.sets: Final[list[tuple[ObjectId, Manifest, list[Application]]]] = []
        self.applications: Final[list[Application]] = []
        for found, m in self.objects:
            if (found.group, found.kind) == (ARGO, "Application"):
                self.applications.append(_application(found, "spec", m))
            elif (found.group, found.kind) == (ARGO, "ApplicationSet"):
                self._expand(found, m)
        for application in list(self.applications):
            self._roll_out(application)
        self.of_project: Final[dict[str, list[Application]]] = {}
        for application in self.applications:
            self.of_project.setdefault(application.project, []).append(application)

    def _expand(self, owner: ObjectId, manifest: Manifest) -> None:
        try:
            made = [
                _application(owner, "spec.template.spec", item)
                for item in applications(manifest, self.directories)
            ]
        except UnreadableError as error:
            self.unreadable.append((owner, str(error)))
            return
        self.sets.append((owner, manifest, made))
        self.applications.extend(made)

    def _roll_out(self, application: Application) -> None:
        """Read the Applications that `application` makes by the program of `argocd_rollout`."""
        for field, source in application.sources():
            if "jsonnet" not in mapping(source, "directory"):
                continue
            path = f"argocd/{argocd_rollout.FILE}"
            root = text(source, "path")
            base = f"{field}.directory.jsonnet"
            if f"{root}/{path.rpartition('/')[2]}" != path or path not in self._paths:
                self.unreadable.append((application.owner, f"{root} holds no program that is known here"))
                continue
            parameters = {
                text(item, "name"): text(item, "value")
                for _, item in mappings(source, "directory", "jsonnet", "tlas")
            }
            try:
                made = argocd_rollout.evaluate(parameters, ANY_COMMIT)
            except ValueError as error:
                self.unreadable.append((application.owner, f"{base}.tlas don't fit {path}: {error}"))
                continue
            held = [(path, found, m) for m in made if (found := identify(m)) is not None]
            self._rolled[id(source)] = held
            self.applications.extend(_application(application.owner, f"{base}.tlas", m) for _, _, m in held)

    def delivered(self, application: Application) -> Delivered:
        """Every object that `application` applies, with the path of its file."""
        known = self._delivered.get(id(application))
        if known is None:
            known = [entry for _, source in application.sources() for entry in self.held(source)]
            self._delivered[id(application)] = known
        return known

    def namespaces(self, application: Application) -> set[str]:
        """Every namespace that `application` writes to."""
        named = {item.namespace for _, item, _ in self.delivered(application)} - {""}
        return named | {application.namespace}

    def held(self, source: Mapping[str, Any]) -> Iterator[tuple[str, ObjectId, Manifest]]:
        """Every object in a source's path, as its `directory` options choose them."""
        if "jsonnet" in mapping(source, "directory"):
            yield from self._rolled.get(id(source), ())
            return
        root = text(source, "path").strip("/").removeprefix("./")
        recurse = at(source, "directory", "recurse") is True
        include, exclude = text(source, "directory", "include"), text(source, "directory", "exclude")
        for path, identity, manifest in self.directories.get(root, ()):
            inside = path.removeprefix(f"{root}/")
            if "/" in inside and not recurse:
                continue
            if (include and not fnmatchcase(inside, include)) or (exclude and fnmatchcase(inside, exclude)):
                continue
            yield path, identity, manifest


def _application(owner: ObjectId, field: str, manifest: Mapping[str, Any]) -> Application:
    return Application(
        owner=owner,
        field=field,
        name=text(manifest, "metadata", "name"),
        labels=string_map(manifest, "metadata", "labels"),
        spec=mapping(manifest, "spec"),
    )
