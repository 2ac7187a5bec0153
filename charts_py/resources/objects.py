"""The head that every object shares: identity, labels, sync wave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charts_py.contract.labels import SYNC_WAVE, standard
from charts_py.contract.manifest import Manifest
from charts_py.contract.waves import Wave


def manifest(
    api_version: str,
    kind: str,
    name: str,
    *,
    app: str,
    component: str,
    wave: Wave,
    namespace: str | None = None,
    version: str | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **body: Any,
) -> Manifest:
    """An object of ours. `body` is everything after metadata, in the order it should be read.

    namespace: None for cluster-scoped kinds. labels and annotations: in addition to the standard ones.
    """
    metadata: dict[str, Any] = {"name": name}
    if namespace is not None:
        metadata["namespace"] = namespace
    metadata["labels"] = {**standard(app, component=component, version=version), **(labels or {})}
    metadata["annotations"] = {SYNC_WAVE: str(int(wave)), **(annotations or {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}
