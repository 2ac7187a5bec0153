"""From environments to a checked tree: builds the units whose published form isn't known to be right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from charts_py.charts.node import Prefetch
from charts_py.contract.environment import Environment
from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.resources.externals import externals
from charts_py.synth.build import Built, build_argocd, build_region
from charts_py.synth.facts import Facts, FactsCache, read_objects, spell_objects
from charts_py.synth.progress import Progress
from charts_py.synth.request import Request
from charts_py.synth.schema_stage import SchemaStage
from charts_py.synth.unit import ARGOCD, RegionUnit, argocd_digest, region_units, unit_path
from charts_py.tree.checks import argocd as argocd_checks
from charts_py.tree.checks import identity, registry, waivers
from charts_py.tree.finding import Finding
from charts_py.tree.unit_cache import CleanUnit, UnitCache

_NO_VERSION = "v0"
"""The API version of an object that is known by its identity alone; no check of Argo CD reads it."""


@dataclass(kw_only=True)
class Tree:
    """Every unit: those that are published as they should be, and the files of the others."""

    digests: dict[str, str] = field(default_factory=dict)
    clean: dict[str, CleanUnit] = field(default_factory=dict)
    desired: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    """After waivers."""


class TreeBuilder:
    """One use, one tree. `code` is the digest of the generator."""

    def __init__(self, request: Request, cache: UnitCache, progress: Progress, code: str) -> None:
        self._request = request
        self._cache = cache
        self._progress = progress
        self._code = code
        self._facts_cache = FactsCache(request.cache / "facts")
        self._schemas = SchemaStage(
            root=request.root,
            schemas=request.root / "schemas",
            cache=request.cache,
            use_cache=request.use_cache,
        )
        self._tree = Tree()
        self._facts: dict[str, Facts] = {}

    def build(self, environments: Sequence[Environment], cdk8s: Prefetch) -> Tree:
        """The tree of `environments`. Raises what building, checking and their tools raise."""
        units = region_units(environments, self._code)
        self._progress.phase("build and check", len(units) + 1)
        # Nothing that is still right needs cdk8s, which is being loaded meanwhile.
        checked = {unit.region.path: self._known(unit.path, unit.digest) for unit in units}
        cdk8s.wait()
        for unit in units:
            if unit.path not in self._tree.clean:
                checked[unit.region.path] = self._built(unit)
        checked[ARGOCD] = self._argocd(environments)
        self._progress.advance(ARGOCD)
        for finding in self._schemas.finish():
            checked[finding.cluster].append(finding)
        clusters = {unit.path: unit.region.path for unit in units} | {ARGOCD: ARGOCD}
        for path in self._tree.desired:
            facts = replace(self._facts[path], findings=tuple(checked[clusters[path]]))
            self._facts_cache.remember(path, self._tree.digests[path], facts)
        self._tree.findings = self._waived(environments, checked)
        return self._tree

    def _known(self, unit: str, digest: str) -> list[Finding]:
        """What was found in a unit that is published as it should be; one that isn't stays to be built."""
        self._tree.digests[unit] = digest
        facts = self._facts_cache.recall(unit, digest) if self._request.use_cache else None
        clean = self._cache.verify(unit, digest) if facts else None
        if not facts or not clean:
            return []
        self._tree.clean[unit] = clean
        self._facts[unit] = facts
        return list(facts.findings)

    def _built(self, unit: RegionUnit) -> list[Finding]:
        built = build_region(unit.region)
        self._schemas.add(unit.region.path, unit.region.kubernetes, built)
        self._tree.desired[unit.path] = built.files
        self._facts[unit.path] = Facts(held=spell_objects(built.parts))
        self._progress.advance(unit.region.path)
        return [
            *registry.run(unit.region.path, built.manifests, externals(unit.region)),
            *identity.count(unit.region.path, sum(map(len, built.parts.values())), list(built.files)),
        ]

    def _argocd(self, environments: Sequence[Environment]) -> list[Finding]:
        """The objects of Argo CD and what the checks say of them against the tree that they deliver."""
        regions = [region for environment in environments for region in environment.regions]
        held = {unit_path(region): self._facts[unit_path(region)].held for region in regions}
        known = self._known(ARGOCD, argocd_digest(environments, held, self._code))
        if ARGOCD in self._tree.clean:
            return known
        holds = {
            (region.environment, region.name, part): objects
            for region in regions
            for part, objects in read_objects(held[unit_path(region)]).items()
        }
        built = build_argocd(environments, holds)
        self._schemas.add(ARGOCD, environments[0].regions[0].kubernetes, built)
        self._tree.desired[ARGOCD] = built.files
        self._facts[ARGOCD] = Facts(held=spell_objects(built.parts))
        return argocd_checks.run(self._repository(built, holds))

    def _repository(
        self, built: Built, holds: Mapping[tuple[str, str, str], Sequence[ObjectId]]
    ) -> dict[str, list[Manifest]]:
        """Every file of the repository with its objects; those of regions by identity alone."""
        files = {f"{ARGOCD}/{path}": list(objects) for path, objects in built.objects_by_file.items()}
        for (environment, region, part), objects in holds.items():
            folder = f"generated/{environment}/{region}/{part}"
            for position, held in enumerate(objects):
                files[f"{folder}/{position}"] = [_by_identity(held)]
        return files

    def _waived(
        self, environments: Sequence[Environment], checked: Mapping[str, list[Finding]]
    ) -> list[Finding]:
        """What remains after each environment's waivers; a finding on Argo CD's objects concerns them all."""
        remaining: list[Finding] = []
        shared = checked[ARGOCD]
        for environment in environments:
            own = [finding for region in environment.regions for finding in checked[region.path]]
            left = waivers.apply(
                [*own, *shared],
                environment.waivers,
                today=self._request.today,
                cluster=environment.name,
            )
            shared = [finding for finding in left if finding.cluster == ARGOCD]
            remaining += [finding for finding in left if finding.cluster != ARGOCD]
        return sorted([*remaining, *shared])


def _by_identity(identity: ObjectId) -> Manifest:
    group = f"{identity.group}/{_NO_VERSION}" if identity.group else _NO_VERSION
    metadata = {"name": identity.name}
    if identity.namespace:
        metadata["namespace"] = identity.namespace
    return {"apiVersion": group, "kind": identity.kind, "metadata": metadata}
