"""The plain form of a Kubernetes object that every layer passes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]
"""One Kubernetes object as JSON-compatible data. Key order is the order in which people read it."""


@dataclass(frozen=True, kw_only=True, order=True)
class ObjectId:
    """What makes an object unique inside one cluster. `group` is "" for core kinds, `namespace` "" for
    cluster-scoped objects. The API version is left out: two versions of one kind are one object."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> ObjectId:
        """The identity of `manifest`; KeyError without apiVersion, kind or metadata.name."""
        group, _, version = manifest["apiVersion"].rpartition("/")
        metadata = manifest["metadata"]
        return cls(
            group=group if version else "",
            kind=manifest["kind"],
            namespace=metadata.get("namespace", ""),
            name=metadata["name"],
        )

    def __str__(self) -> str:
        """As kubectl spells it: `Deployment.apps novacron/novacron-api`."""
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"
