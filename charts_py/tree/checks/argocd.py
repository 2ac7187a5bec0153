"""Argo CD's own objects against the tree that they deliver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks import selectors
from charts_py.tree.checks.argocd_view import Application, ArgoView, Files
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import at, mapping, mappings, text, texts
from charts_py.tree.checks.view import nearest
from charts_py.tree.finding import Finding

HUB: Final = "argocd"
SETS: Final = "applicationsets"
GENERATED: Final = "generated"


@rule("argo-application-set-unreadable")
def unreadable(view: ArgoView) -> Iterator[Problem]:
    """Every ApplicationSet can be evaluated here, so that its Applications can be checked."""
    for owner, reason in view.unreadable:
        message = f"{reason}. Use list, matrix or git-directory generators and plain fields."
        yield Problem(object=owner, field="spec.generators", message=message)


@rule("argo-project-missing")
def project_missing(view: ArgoView) -> Iterator[Problem]:
    """Every Application's project exists."""
    for application in view.applications:
        if application.project not in view.projects:
            yield Problem(
                object=application.owner,
                field=f"{application.field}.project",
                message=f"Application {application.name}: no AppProject {application.project!r}"
                f"{nearest(application.project, sorted(view.projects))}. Add it or correct the name.",
            )


@rule("argo-path-missing")
def path_missing(view: ArgoView) -> Iterator[Problem]:
    """Every path that an Application delivers holds objects."""
    for application in view.applications:
        for field, source in application.sources():
            path = text(source, "path")
            if path and not any(True for _ in view.held(source)):
                yield Problem(
                    object=application.owner,
                    field=f"{field}.path",
                    message=f"Application {application.name}: {path} holds no object"
                    f"{nearest(path, sorted(view.directories))}; automated pruning would delete everything. "
                    "Correct the path, or set directory.recurse if the files lie deeper.",
                )


@rule("argo-destination-ambiguous")
def destination_ambiguous(view: ArgoView) -> Iterator[Problem]:
    """Every Application names its cluster once: by name or by server."""
    for application in view.applications:
        target = mapping(application.spec, "destination")
        if bool(text(target, "name")) == bool(text(target, "server")):
            yield Problem(
                object=application.owner,
                field=f"{application.field}.destination",
                message=f"Application {application.name} must give either destination.name or .server.",
            )


def _projected(view: ArgoView) -> Iterator[tuple[Application, Mapping[str, Any]]]:
    for application in view.applications:
        if application.project in view.projects:
            yield application, mapping(view.projects[application.project][1], "spec")


@rule("argo-source-not-allowed")
def source_not_allowed(view: ArgoView) -> Iterator[Problem]:
    """Every Application's repositories are among its project's sourceRepos."""
    for application, project in _projected(view):
        allowed = [repo for _, repo in texts(project, "sourceRepos")]
        for field, source in application.sources():
            repo = text(source, "repoURL")
            if not any(fnmatchcase(repo, pattern) for pattern in allowed):
                yield Problem(
                    object=application.owner,
                    field=f"{field}.repoURL",
                    message=f"Application {application.name}: project {application.project} allows "
                    f"{', '.join(allowed) or 'no repository'}, not {repo}. Add it to sourceRepos.",
                )


@rule("argo-destination-not-allowed")
def destination_not_allowed(view: ArgoView) -> Iterator[Problem]:
    """Every namespace that an Application writes to is among its project's destinations."""
    exact = {
        name: {
            (kind, text(entry, kind), text(entry, "namespace"))
            for _, entry in mappings(manifest, "spec", "destinations")
            for kind in ("name", "server")
        }
        for name, (_, manifest) in view.projects.items()
    }
    for application, project in _projected(view):
        for namespace in sorted(view.namespaces(application)):
            if (*application.destination, namespace) in exact[application.project]:
                continue
            if not any(
                _covers(entry, application, namespace) for _, entry in mappings(project, "destinations")
            ):
                kind, cluster = application.destination
                yield Problem(
                    object=application.owner,
                    field=f"{application.field}.destination",
                    message=f"Application {application.name}: project {application.project} has no "
                    "destination "
                    f"with {kind} {cluster} and namespace {namespace}. Add it.",
                )


def _covers(entry: Mapping[str, Any], application: Application, namespace: str) -> bool:
    kind, cluster = application.destination
    return fnmatchcase(cluster, text(entry, kind) or "\0") and fnmatchcase(
        namespace, text(entry, "namespace")
    )


@rule("argo-kind-not-allowed")
def kind_not_allowed(view: ArgoView) -> Iterator[Problem]:
    """Every kind that an Application delivers is allowed by its project."""
    known: dict[tuple[str, ObjectId], bool] = {}
    for application, project in _projected(view):
        refused: set[ObjectId] = set()
        for _, item, _ in view.delivered(application):
            key = (application.project, _essence(item))
            if key not in known:
                known[key] = _allows(project, item)
            if not known[key]:
                refused.add(item)
        for item in sorted(refused):
            side = "namespaceResourceWhitelist" if item.namespace else "clusterResourceWhitelist"
            yield Problem(
                object=view.projects[application.project][0],
                field=f"spec.{side}",
                message=f"Application {application.name} delivers {item}, which the project doesn't "
                "allow. Add "
                f"its kind to {side}.",
            )


def _allows(project: Mapping[str, Any], item: ObjectId) -> bool:
    scope = "namespace" if item.namespace else "cluster"
    if any(_names(entry, item) for _, entry in mappings(project, f"{scope}ResourceBlacklist")):
        return False
    allowed = at(project, f"{scope}ResourceWhitelist")
    if allowed is None:
        return scope == "namespace"
    return any(_names(entry, item) for _, entry in mappings(project, f"{scope}ResourceWhitelist"))


def _names(entry: Mapping[str, Any], item: ObjectId) -> bool:
    return (
        fnmatchcase(item.group, text(entry, "group"))
        and fnmatchcase(item.kind, text(entry, "kind"))
        and fnmatchcase(item.name, text(entry, "name") or "*")
    )


@rule("appproject-too-wide")
def project_too_wide(view: ArgoView) -> Iterator[Problem]:
    """Every project allows only kinds, destinations and repositories that its Applications need."""
    for name, (owner, manifest) in view.projects.items():
        project = mapping(manifest, "spec")
        applications = view.of_project.get(name, [])
        held = {_essence(item) for application in applications for _, item, _ in view.delivered(application)}
        charts = any("chart" in source for application in applications for _, source in application.sources())
        for field, entry, needed in _grants(project, applications, held, view, charts=charts):
            wide = any("*" in value for value in entry.values() if isinstance(value, str))
            if wide or not needed:
                spelt = ", ".join(f"{key} {value or '(core)'}" for key, value in entry.items())
                reason = "is a wildcard" if wide else "is used by nothing that its Applications deliver"
                message = f"{spelt} {reason}. Allow exactly what the tree holds."
                yield Problem(object=owner, field=f"spec.{field}", message=message)
        open_kinds = at(project, "namespaceResourceWhitelist") is None
        closed = any(
            (text(entry, "group"), text(entry, "kind")) == ("*", "*")
            for _, entry in mappings(project, "namespaceResourceBlacklist")
        )
        if open_kinds and not closed:
            message = (
                "an absent namespaceResourceWhitelist allows every kind. List the kinds that the tree holds."
            )
            yield Problem(object=owner, field="spec.namespaceResourceWhitelist", message=message)


def _grants(
    project: Mapping[str, Any],
    applications: list[Application],
    held: set[ObjectId],
    view: ArgoView,
    *,
    charts: bool,
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Everything that a project allows, and whether something needs it. A chart's kinds are unknown."""
    for side, namespaced in (("clusterResourceWhitelist", False), ("namespaceResourceWhitelist", True)):
        for index, entry in mappings(project, side):
            needed = any(bool(item.namespace) is namespaced and _names(entry, item) for item in held)
            yield f"{side}[{index}]", entry, needed or charts
    written = {
        (*application.destination, namespace)
        for application in applications
        for namespace in view.namespaces(application)
    }
    for index, entry in mappings(project, "destinations"):
        exact = {(kind, text(entry, kind), text(entry, "namespace")) for kind in ("name", "server")}
        yield f"destinations[{index}]", entry, not written.isdisjoint(exact)
    repos = {text(source, "repoURL") for application in applications for _, source in application.sources()}
    for index, repo in texts(project, "sourceRepos"):
        yield f"sourceRepos[{index}]", {"repoURL": repo}, any(fnmatchcase(known, repo) for known in repos)


def _essence(item: ObjectId) -> ObjectId:
    """What of an identity a project can tell apart: the name counts for cluster-scoped objects only."""
    if not item.namespace:
        return item
    return ObjectId(group=item.group, kind=item.kind, namespace="*", name="*")


@rule("argo-object-delivered-twice")
def object_delivered_twice(view: ArgoView) -> Iterator[Problem]:
    """No object of a cluster is delivered by two Applications: each would take it from the other."""
    first: dict[tuple[tuple[str, str], ObjectId], Application] = {}
    for application in view.applications:
        for _, item, _ in view.delivered(application):
            other = first.setdefault((application.destination, item), application)
            if other is not application:
                message = (
                    f"{item} is delivered by Applications {other.name} and {application.name}. Keep one."
                )
                yield Problem(object=application.owner, field=f"{application.field}.source", message=message)


@rule("argo-ignore-unmatched")
def ignore_unmatched(view: ArgoView) -> Iterator[Problem]:
    """Every ignoreDifferences entry is about an object that the Application delivers."""
    for application in view.applications:
        delivered = [item for _, item, _ in view.delivered(application)]
        for index, entry in mappings(application.spec, "ignoreDifferences"):
            if any(
                _names(entry, item) and text(entry, "namespace") in ("", item.namespace) for item in delivered
            ):
                continue
            yield Problem(
                object=application.owner,
                field=f"{application.field}.ignoreDifferences[{index}]",
                message=f"Application {application.name} delivers no {text(entry, 'kind')} "
                f"{text(entry, 'name')}. "
                "Remove the entry or correct it.",
            )


@rule("argo-rolling-step-empty")
def rolling_step_empty(view: ArgoView) -> Iterator[Problem]:
    """Every RollingSync step selects Applications, and every Application is in a step."""
    for owner, manifest, made in view.sets:
        base = "spec.strategy.rollingSync.steps"
        steps = list(mappings(manifest, "spec", "strategy", "rollingSync", "steps"))
        for index, step in steps:
            if not any(selectors.matches(step, application.labels) for application in made):
                message = f"selects no Application ({selectors.spell(step)}). Select labels of the template."
                yield Problem(object=owner, field=f"{base}[{index}]", message=message)
        for application in made if steps else ():
            if not any(selectors.matches(step, application.labels) for _, step in steps):
                message = (
                    f"Application {application.name} is in no step, so it is never synced. Add it to one."
                )
                yield Problem(object=owner, field=base, message=message)


@rule("argo-tree-undelivered")
def tree_undelivered(view: ArgoView) -> Iterator[Problem]:
    """Every object of an environment, or of the region whose own this Argo CD is, is delivered by it."""
    paths = [text(source, "path") for item in view.applications for _, source in item.sources()]
    roots = {"/".join(path.split("/")[:2]) for path in paths if path.startswith(f"{GENERATED}/")}
    if any(len(path.split("/")) < 2 for path in roots):
        return
    if view.region:
        roots = {f"{GENERATED}/{view.region}"}
    covered = {path for application in view.applications for path, _, _ in view.delivered(application)}
    for root in sorted(roots):
        for path, item, _ in view.directories.get(root, ()):
            if path not in covered:
                message = f"no Application delivers {path}. Add its folder to one, or remove the object."
                yield Problem(object=item, field="", message=message)


RULES: Final[tuple[Rule[ArgoView], ...]] = (
    unreadable,
    project_missing,
    path_missing,
    destination_ambiguous,
    source_not_allowed,
    destination_not_allowed,
    kind_not_allowed,
    project_too_wide,
    object_delivered_twice,
    ignore_unmatched,
    rolling_step_empty,
    tree_undelivered,
)


def instances(files: Files) -> dict[str, Files]:
    """The files of each Argo CD by the name that findings use: `argocd` for the hub, else the region."""
    found: dict[str, dict[str, Any]] = {}
    for path, manifests in files.items():
        parts = path.split("/")
        if parts[0] == HUB and len(parts) > 1:
            own = len(parts) > 3 and parts[1] != SETS
            found.setdefault("/".join(parts[1:3]) if own else HUB, {})[path] = manifests
    return dict(found)


def run(files: Files) -> list[Finding]:
    """Check every Argo CD's objects (under `argocd/`) against all `files` of the repository by path."""
    findings = [
        Finding(
            rule=check.id,
            cluster=name,
            object=problem.object,
            field=problem.field,
            message=problem.message,
        )
        for name, control in instances(files).items()
        for view in [ArgoView(control, files, "" if name == HUB else name)]
        for check in RULES
        for problem in check.check(view)
    ]
    return sorted(findings)
