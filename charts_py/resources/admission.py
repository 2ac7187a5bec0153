"""Admission policies of ours: each with the binding that makes it hold in the `novacron` namespace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charts_py.contract import labels, names
from charts_py.contract.manifest import Manifest
from charts_py.contract.waves import Wave
from charts_py.resources.objects import manifest


def denying(
    name: str,
    *,
    app: str,
    component: str,
    policy: Mapping[str, Any],
    annotations: Mapping[str, str] | None = None,
) -> list[Manifest]:
    """A ValidatingAdmissionPolicy with the spec `policy`, and a binding of its name by which it denies."""
    binding = {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchLabels": {labels.NAMESPACE_NAME: names.NAMESPACE}}},
    }
    specs = {"ValidatingAdmissionPolicy": dict(policy), "ValidatingAdmissionPolicyBinding": binding}
    return [
        manifest(
            "admissionregistration.k8s.io/v1",
            kind,
            name,
            app=app,
            component=component,
            wave=Wave.POLICIES,
            annotations=annotations,
            spec=spec,
        )
        for kind, spec in specs.items()
    ]
