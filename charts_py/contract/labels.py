"""Labels and annotations that objects carry. Selectors use `app` alone, because a selector can't change."""

from __future__ import annotations

from typing import Final

from charts_py.contract import names

APP: Final = "app"
REGION: Final = "novacron.io/region"
ENVIRONMENT: Final = "novacron.io/environment"
PART: Final = "novacron.io/part"

ISSUE_CERTIFICATE: Final = "novacron.io/issue-certificate"
"""On a workload: the Secret that the operator issues and renews for it, where nobody else does."""

EXPLANATION: Final = "novacron.io/explanation"
"""For people: why an object is as it is, where that can't be seen from the object."""

SELECTS_NOTHING: Final = "novacron.io/selects-nothing"
SYNC_WAVE: Final = "argocd.argoproj.io/sync-wave"
SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"
NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
SAFE_TO_EVICT: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict"
NO_BACKUP: Final = "velero.io/exclude-from-backup"
ZONE: Final = "topology.kubernetes.io/zone"
HOSTNAME: Final = "kubernetes.io/hostname"

MANAGED_BY: Final = "novacron-generator"


def selector(app: str) -> dict[str, str]:
    """The labels that find a workload's pods."""
    return {APP: app}


def standard(app: str, *, component: str, version: str | None = None) -> dict[str, str]:
    """The labels of an object that belongs to `app`: the selector label first, then the recommended ones.

    Pod templates leave `version` out only if a version change must not restart them.
    """
    labels = {
        APP: app,
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": names.PRODUCT,
        "app.kubernetes.io/managed-by": MANAGED_BY,
    }
    if version is not None:
        labels["app.kubernetes.io/version"] = version
    return labels
