"""The run: read, build what changed, check everything, and only then publish."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import charts_py
from charts_py.synth.request import Outcome, Request
from charts_py.tree.code_digest import code_digest
from charts_py.tree.run_lock import run_lock
from charts_py.tree.tree_error import TreeError
from charts_py.tree.unit_cache import CleanUnit, UnitCache
from charts_py.tree.unit_scan import find_units

if TYPE_CHECKING:
    from charts_py.synth.progress import Progress
    from charts_py.synth.tree_builder import Tree

_GENERATED: Final = "generated"


class NoFleetError(TreeError):
    """The folder is no repository of a fleet. Nothing was written into it."""


def run(request: Request, progress: Progress) -> Outcome:
    """Do what `request` asks.

    Raises FleetError for fleet files that can't be used, TreeError for a tree that can't be published, and
    NodeMissingError, KubeconformError or SchemaError for tools that are missing or broken. In each of these
    cases, and with findings, the published tree is as it was.
    """
    if not (request.root / "fleet").is_dir():
        raise NoFleetError(
            f"{request.root.absolute()} has no folder fleet/; run this in the root of the repository, or "
            "name it with --root"
        )
    with run_lock(request.state / "lock", say=progress.say):
        cache = UnitCache(folder=request.cache, root=request.root)
        code = code_digest(Path(charts_py.__file__).parent)
        key = _run_key(request, code)
        unchanged = _nothing_changed(request, cache, key) if request.use_cache else None
        if unchanged is not None:
            return unchanged
        tree = _checked_tree(request, cache, progress, code)
        outcome = Outcome(units=len(tree.digests), built=len(tree.desired), findings=tree.findings)
        for unit, clean in tree.clean.items():
            _count_clean(outcome, unit, clean)
        if outcome.findings:
            return outcome
        _publish(request, cache, progress, tree, outcome)
        if not outcome.differences:
            cache.remember_run(key, tree.digests)
        return outcome


def _run_key(request: Request, code: str) -> str:
    """Digest of all that a run depends on: the generator, the fleet files, the schemas, and the day, because
    waivers end."""
    digest = hashlib.sha256(f"{code} {request.today.isoformat()}".encode())
    for folder in ("fleet", "schemas"):
        for file in sorted((request.root / folder).glob("**/*")):
            if file.is_file():
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"{file.relative_to(request.root).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _nothing_changed(request: Request, cache: UnitCache, key: str) -> Outcome | None:
    """The outcome if every unit is still as a run on the same input left it, and no other has come."""
    digests = cache.recall_run(key)
    if not digests or not _published_units(request.root) <= digests.keys():
        return None
    outcome = Outcome(units=len(digests))
    for unit, digest in digests.items():
        clean = cache.verify(unit, digest)
        if clean is None:
            return None
        _count_clean(outcome, unit, clean)
    return outcome


def _published_units(root: Path) -> set[str]:
    folder = root / _GENERATED
    environments = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    return {unit for name in environments for unit in find_units(root, f"{_GENERATED}/{name}")}


def _count_clean(outcome: Outcome, unit: str, clean: CleanUnit) -> None:
    outcome.objects += clean.files
    outcome.foreign += [f"{unit}/{path}" for path in clean.foreign]


def _checked_tree(request: Request, cache: UnitCache, progress: Progress, code: str) -> Tree:
    # Node starts while the fleet is read; none of it is needed by a run that finds nothing to do.
    from charts_py.charts import node

    node.configure()
    node.check()
    cdk8s = node.Prefetch()
    try:
        from charts_py.fleet.read import read_fleet

        environments = read_fleet(request.root / "fleet")
        from charts_py.synth.tree_builder import TreeBuilder

        return TreeBuilder(request, cache, progress, code).build(environments, cdk8s)
    except BaseException:
        cdk8s.abandon()
        raise


def _publish(request: Request, cache: UnitCache, progress: Progress, tree: Tree, outcome: Outcome) -> None:
    from charts_py.tree.publish import apply, plan

    gone: Mapping[str, Mapping[str, bytes]] = {
        unit: {} for unit in sorted(_published_units(request.root) - tree.digests.keys())
    }
    progress.phase("publish", len(tree.desired) + len(gone))
    plans = {}
    for unit, files in {**tree.desired, **gone}.items():
        made = plan(request.root, unit, files)
        plans[unit] = made
        outcome.objects += len(files)
        outcome.differences += made.differences
        outcome.created += [f"{unit}/{path}" for path in made.create]
        outcome.updated += [f"{unit}/{path}" for path in made.update]
        outcome.deleted += [f"{unit}/{path}" for path in made.delete]
        outcome.foreign += [f"{unit}/{path}" for path in made.foreign]
        progress.advance(unit)
    if not request.check_only:
        apply(request.root, list(plans.values()))
        outcome.differences = []
    if not outcome.differences:
        cache.record({unit: (tree.digests.get(unit, ""), made) for unit, made in plans.items()})
