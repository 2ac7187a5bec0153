"""The schema check: every object of the tree against the schema of its kind, none skipped, none unknown."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.finding import Finding
from charts_py.tree.schemas import kubeconform
from charts_py.tree.schemas.folder import SchemaSet, assemble
from charts_py.tree.schemas.kind import GroupVersionKind

RULE = "schema"
RULE_MISSING = "schema-missing"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One object to check."""

    cluster: str
    """`<env>/<region>`, or `argocd`."""
    manifest: Manifest
    content: bytes
    """What will be published, as YAML or JSON: kubeconform reads it as kubectl will, so that a string which
    YAML takes for a boolean is found."""


@dataclass(frozen=True, kw_only=True)
class SchemaReport:
    """What the check found and what it did."""

    findings: tuple[Finding, ...]
    """Sorted; empty if every object is valid."""
    objects: int
    """Objects given."""
    checked: int
    """Different contents that kubeconform was given: equal ones are one, known ones none."""
    validated: frozenset[str]
    """Digests of all contents that are valid; give them to the next run. A digest covers the content, the
    schema of its kind and the Kubernetes version, so that it never outlives any of them."""


def check_schemas(
    subjects: Iterable[Subject],
    *,
    kubernetes: str,
    binary: Path,
    third_party: Path,
    cache: Path,
    validated: Collection[str] = frozenset(),
) -> SchemaReport:
    """Check `subjects` against Kubernetes `kubernetes` (1.37 or 1.37.2).

    `third_party` is the `schemas/` folder, `cache` where schema folders may be made, `binary` what
    `kubeconform.find_kubeconform` gives. Raises KubeconformError and SchemaError for broken tools, never for
    a bad object.
    """
    given = tuple(subjects)
    schemas = assemble(
        kinds=(_kind(subject.manifest["apiVersion"], subject.manifest["kind"]) for subject in given),
        kubernetes=kubernetes,
        third_party=third_party,
        crds=(s.manifest for s in given if s.manifest["kind"] == "CustomResourceDefinition"),
        cache=cache,
    )
    plan = plan_check(given, schemas, validated)
    verdicts = kubeconform.run(
        [plan.groups[digest][0].content for digest in plan.to_run], binary=binary, schemas=schemas.folder
    )
    findings = list(plan.findings)
    invalid: set[str] = set()
    for verdict in verdicts:
        digest = plan.to_run[verdict.index]
        invalid.add(digest)
        for subject in plan.groups[digest]:
            findings.extend(_finding(subject, pointer, said) for pointer, said in verdict.problems)
    return SchemaReport(
        findings=tuple(sorted(findings)),
        objects=len(given),
        checked=len(plan.to_run),
        validated=frozenset(plan.groups) - invalid,
    )


@dataclass(frozen=True, kw_only=True)
class CheckPlan:
    """What is known without kubeconform, and what it has to be asked."""

    groups: Mapping[str, tuple[Subject, ...]]
    """Subjects by digest; those of one digest get one verdict."""
    to_run: tuple[str, ...]
    """Digests that aren't known to be valid."""
    findings: tuple[Finding, ...]
    """About objects that kubeconform can't judge; they are in no group."""


def plan_check(subjects: Iterable[Subject], schemas: SchemaSet, validated: Collection[str]) -> CheckPlan:
    """Group equal contents, leave known ones out, and find the objects that have no schema."""
    groups: dict[str, list[Subject]] = {}
    findings: list[Finding] = []
    for subject in subjects:
        gvk = _kind(subject.manifest["apiVersion"], subject.manifest["kind"])
        if gvk in schemas.missing:
            findings.append(_about(subject, RULE_MISSING, "", _no_schema(gvk)))
        elif b"\n---" in subject.content:
            findings.append(
                _about(subject, RULE, "", "holds a `---` line; each file must be exactly one object")
            )
        else:
            key = hashlib.sha256(schemas.keys[gvk].encode() + subject.content).hexdigest()
            groups.setdefault(key, []).append(subject)
    return CheckPlan(
        groups={digest: tuple(members) for digest, members in groups.items()},
        to_run=tuple(digest for digest in groups if digest not in validated),
        findings=tuple(findings),
    )


@functools.cache
def _kind(api_version: str, kind: str) -> GroupVersionKind:
    """A tree of thousands of objects has a few dozen kinds."""
    return GroupVersionKind.of({"apiVersion": api_version, "kind": kind})


def _no_schema(gvk: GroupVersionKind) -> str:
    if gvk.kind == "List":
        return "a List is no object of its own; emit its items one by one"
    return (
        f"no schema for {gvk}: it is no kind of this Kubernetes version, of schemas/, or of a "
        "CustomResourceDefinition in the tree; correct apiVersion and kind, or add the kind to "
        "schemas/lock.yaml and run: novacron schemas update"
    )


def _about(subject: Subject, rule: str, field: str, message: str) -> Finding:
    return Finding(
        rule=rule, cluster=subject.cluster, object=ObjectId.of(subject.manifest), field=field, message=message
    )


def _finding(subject: Subject, pointer: str, said: str) -> Finding:
    message = said.replace("additional properties", "unknown fields:").replace(
        " not allowed", "; not in the schema"
    )
    gvk = _kind(subject.manifest["apiVersion"], subject.manifest["kind"])
    return _about(subject, RULE, dotted_path(pointer, subject.manifest), f"{message} (schema of {gvk})")


def dotted_path(pointer: str, manifest: object) -> str:
    """`/spec/ports/0/name` as `spec.ports[0].name`. `manifest` tells indexes from keys made of digits."""
    path, node = "", manifest
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isdigit():
            path += f"[{key}]"
            node = node[int(key)] if int(key) < len(node) else None
        else:
            plain = key.replace("-", "").replace("_", "").isalnum()
            path += f'["{key}"]' if not plain else f".{key}" if path else key
            node = node.get(key) if isinstance(node, Mapping) else None
    return path
