"""All rules in one list, and the run that applies them to a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from charts_py.contract.external import External
from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks import (
    compute_resources,
    externals,
    house_ports,
    identity,
    ownership,
    plain_secrets,
    pod_security,
    quorum,
    references_access,
    references_backup,
    references_certificates,
    references_config,
    references_definitions,
    references_mesh,
    references_monitoring,
    references_network,
    references_scaling,
    references_storage,
    references_workloads,
    workload_health,
)
from charts_py.tree.checks.rule import Problem, Rule
from charts_py.tree.checks.view import ClusterView
from charts_py.tree.finding import Finding

RULES: Final[tuple[Rule[ClusterView], ...]] = (
    *identity.RULES,
    *references_config.RULES,
    *references_workloads.RULES,
    *references_scaling.RULES,
    *references_network.RULES,
    *references_mesh.RULES,
    *references_monitoring.RULES,
    *references_storage.RULES,
    *references_certificates.RULES,
    *references_access.RULES,
    *references_definitions.RULES,
    *references_backup.RULES,
    *quorum.RULES,
    *ownership.RULES,
    *compute_resources.RULES,
    *workload_health.RULES,
    *house_ports.RULES,
    *pod_security.RULES,
    *plain_secrets.RULES,
    *externals.RULES,
)
"""Rules over one cluster. Externals come last: only then is it known which of them were needed."""


def run(cluster: str, objects: Sequence[Manifest], external: Sequence[External] = ()) -> list[Finding]:
    """Check all objects of one cluster, named `<environment>/<region>`; the findings are sorted, [] if clean.

    Wrong shapes never raise: the schema check reports them, the rules skip what they can't read.
    """
    identified: list[tuple[ObjectId, Manifest]] = []
    findings: list[Finding] = []
    for index, manifest in enumerate(objects):
        found = identity.identify(manifest)
        if found is None:
            findings.append(_finding(cluster, identity.UNIDENTIFIED, identity.unidentified(index, manifest)))
        else:
            identified.append((found, manifest))
    view = ClusterView(identified, external)
    findings.extend(_apply(cluster, view))
    return sorted(findings)


def _apply(cluster: str, view: ClusterView) -> Iterator[Finding]:
    for rule in RULES:
        for problem in rule.check(view):
            yield _finding(cluster, rule.id, problem)


def _finding(cluster: str, rule: str, problem: Problem) -> Finding:
    return Finding(
        rule=rule, cluster=cluster, object=problem.object, field=problem.field, message=problem.message
    )
