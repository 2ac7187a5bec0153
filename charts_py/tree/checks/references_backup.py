"""Velero's Schedules against locations, namespaces, labels and the containers of their hooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks import selectors
from charts_py.tree.checks.references_config import secret_advice
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import mapping, mappings, string_map, text, texts
from charts_py.tree.checks.view import ClusterView, nearest, selector_of

VELERO: Final = "velero.io"
LOCATIONS: Final = ("BackupStorageLocation", "VolumeSnapshotLocation")


def backups(view: ClusterView) -> Iterator[tuple[ObjectId, str, Mapping[str, Any]]]:
    """Every backup specification with its owner and field: Schedules and single Backups."""
    for identity, manifest in view.of(VELERO, "Schedule"):
        yield identity, "spec.template", mapping(manifest, "spec", "template")
    for identity, manifest in view.of(VELERO, "Backup"):
        yield identity, "spec", mapping(manifest, "spec")


@rule("backup-location-missing")
def backup_location_missing(view: ClusterView) -> Iterator[Problem]:
    """Every backup's storage location and snapshot locations exist in Velero's namespace."""
    for identity, base, spec in backups(view):
        wanted = [(f"{base}.storageLocation", "BackupStorageLocation", text(spec, "storageLocation"))]
        wanted += [
            (f"{base}.volumeSnapshotLocations[{index}]", "VolumeSnapshotLocation", name)
            for index, name in texts(spec, "volumeSnapshotLocations")
        ]
        for field, kind, name in wanted:
            if name and not view.exists(VELERO, kind, identity.namespace, name):
                message = view.missing(VELERO, kind, identity.namespace, name)
                yield Problem(object=identity, field=field, message=message)


@rule("backup-namespace-missing")
def backup_namespace_missing(view: ClusterView) -> Iterator[Problem]:
    """Every namespace that a backup or its hooks include or exclude exists."""
    for identity, base, spec in backups(view):
        places = [(base, spec)]
        places += [
            (f"{base}.hooks.resources[{index}]", hook) for index, hook in mappings(spec, "hooks", "resources")
        ]
        for field, place in places:
            for side in ("includedNamespaces", "excludedNamespaces"):
                for index, name in texts(place, side):
                    if "*" not in name and not view.exists("", "Namespace", "", name):
                        message = view.missing("", "Namespace", "", name)
                        yield Problem(object=identity, field=f"{field}.{side}[{index}]", message=message)


@rule("backup-selects-nothing")
def backup_selects_nothing(view: ClusterView) -> Iterator[Problem]:
    """Every label selector of a backup selects objects or pods of the included namespaces."""
    for identity, base, spec in backups(view):
        wanted = [(f"{base}.labelSelector", selector_of(spec, "labelSelector"))]
        wanted += [
            (f"{base}.orLabelSelectors[{i}]", found) for i, found in mappings(spec, "orLabelSelectors")
        ]
        namespaces = _namespaces(spec)
        for field, selector in wanted:
            if selectors.is_empty(selector) or view.selects(selector, namespaces):
                continue
            if not any(_carries(selector, namespaces, item) for item in view.objects):
                yield Problem(
                    object=identity,
                    field=field,
                    message=f"nothing in {', '.join(namespaces or ['any namespace'])} has "
                    f"{selectors.spell(selector)}: the backup would be empty. Select labels that "
                    "objects carry.",
                )


@rule("backup-hook-selects-nothing")
def backup_hook_selects_nothing(view: ClusterView) -> Iterator[Problem]:
    """Every backup hook selects pods that exist."""
    for identity, field, hook, spec in _hooks(view):
        selector = selector_of(hook, "labelSelector")
        if not view.selects(selector, _namespaces(hook) or _namespaces(spec)):
            yield Problem(
                object=identity,
                field=f"{field}.labelSelector",
                message=f"no pod has {selectors.spell(selector)}, so the hook never runs. Select "
                "labels of pods.",
            )


@rule("backup-hook-container-missing")
def backup_hook_container_missing(view: ClusterView) -> Iterator[Problem]:
    """Every container in which a backup hook runs is one of the selected pods' containers."""
    for identity, field, hook, spec in _hooks(view):
        selector = selector_of(hook, "labelSelector")
        pods = view.own_pods(selector, _namespaces(hook) or _namespaces(spec))
        for side in ("pre", "post"):
            for index, step in mappings(hook, side):
                name = text(step, "exec", "container")
                for pod in pods if name else ():
                    there = [container.name for container in pod.containers]
                    if name not in there:
                        yield Problem(
                            object=identity,
                            field=f"{field}.{side}[{index}].exec.container",
                            message=f"{pod.owner} has no container {name!r}{nearest(name, there)}. "
                            "Correct the name.",
                        )


@rule("backup-credential-missing")
def backup_credential_missing(view: ClusterView) -> Iterator[Problem]:
    """Every credential Secret of a storage or snapshot location exists in Velero's namespace."""
    for kind in LOCATIONS:
        for identity, manifest in view.of(VELERO, kind):
            name = text(manifest, "spec", "credential", "name")
            if name and not view.has_secret(identity.namespace, name):
                message = secret_advice(view, identity.namespace, name)
                yield Problem(object=identity, field="spec.credential.name", message=message)


@rule("backup-minutes-collide")
def backup_minutes_collide(view: ClusterView) -> Iterator[Problem]:
    """No two Schedules start in the same minute, because Velero would snapshot the same volumes twice."""
    seen: list[tuple[ObjectId, frozenset[tuple[int, int]]]] = []
    for identity, manifest in view.of(VELERO, "Schedule"):
        starts = start_times(text(manifest, "spec", "schedule"))
        for other, taken in seen:
            shared = sorted(starts & taken)
            if shared:
                hour, minute = shared[0]
                yield Problem(
                    object=identity,
                    field="spec.schedule",
                    message=f"starts at {hour:02}:{minute:02} as {other} does. Give each Schedule its "
                    "own minute.",
                )
        seen.append((identity, starts))


def start_times(schedule: str) -> frozenset[tuple[int, int]]:
    """(hour, minute) pairs at which a five-field cron schedule may start; empty for anything else."""
    fields = schedule.split()
    if len(fields) != 5:
        return frozenset()
    minutes, hours = _field(fields[0], 60), _field(fields[1], 24)
    return frozenset((hour, minute) for hour in hours for minute in minutes)


def _field(field: str, size: int) -> set[int]:
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        if span == "*":
            first, last = 0, size - 1
        elif low.isdecimal() and (high.isdecimal() or not high):
            first = int(low)
            last = int(high) if high else (size - 1 if step else first)
        else:
            return set()
        if step and (not step.isdecimal() or int(step) == 0):
            return set()
        values.update(range(first, min(last, size - 1) + 1, int(step or 1)))
    return values


def _hooks(view: ClusterView) -> Iterator[tuple[ObjectId, str, Mapping[str, Any], Mapping[str, Any]]]:
    for identity, base, spec in backups(view):
        for index, hook in mappings(spec, "hooks", "resources"):
            yield identity, f"{base}.hooks.resources[{index}]", hook, spec


def _namespaces(place: Mapping[str, Any]) -> list[str] | None:
    included = [name for _, name in texts(place, "includedNamespaces")]
    return included if included and "*" not in included else None


def _carries(
    selector: selectors.Selector, namespaces: list[str] | None, item: tuple[ObjectId, Manifest]
) -> bool:
    identity, manifest = item
    if namespaces is not None and identity.namespace not in namespaces:
        return False
    return selectors.matches(selector, string_map(manifest, "metadata", "labels"))


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    backup_location_missing,
    backup_namespace_missing,
    backup_selects_nothing,
    backup_hook_selects_nothing,
    backup_hook_container_missing,
    backup_credential_missing,
    backup_minutes_collide,
)
