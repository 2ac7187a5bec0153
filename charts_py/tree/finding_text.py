"""Findings as people read them: one paragraph for the same fault in many regions."""

from __future__ import annotations

from collections.abc import Iterable

from charts_py.tree.finding import Finding

_MOST_CLUSTERS = 4


def findings_text(findings: Iterable[Finding]) -> str:
    """`rule: object field (clusters)` and the message below it, in the order of the findings."""
    clusters: dict[tuple[str, str, str, str], list[str]] = {}
    for finding in findings:
        key = (finding.rule, str(finding.object), finding.field, finding.message)
        clusters.setdefault(key, []).append(finding.cluster)
    return "\n".join(
        f"{rule}: {identity}{f' at {field}' if field else ''} ({_named(where)})\n    {message}"
        for (rule, identity, field, message), where in clusters.items()
    )


def _named(clusters: list[str]) -> str:
    shown = clusters[:_MOST_CLUSTERS]
    more = len(clusters) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
