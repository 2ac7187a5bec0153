"""Group, version and kind: what a schema is looked up by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, order=True)
class GroupVersionKind:
    """`group` is "" for the core group."""

    group: str
    version: str
    kind: str

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> GroupVersionKind:
        """The kind of `manifest`, which must have apiVersion and kind (KeyError if not)."""
        group, _, version = str(manifest["apiVersion"]).rpartition("/")
        return cls(group=group, version=version, kind=str(manifest["kind"]))

    @classmethod
    def parse(cls, text: str) -> GroupVersionKind:
        """Read `apps/v1 Deployment` or `v1 Pod`; ValueError for anything else."""
        words = text.split()
        if len(words) != 2 or words[0].count("/") > 1 or not all(words[0].split("/")):
            raise ValueError(f"{text!r} is no kind; write it as `group/version Kind`")
        return cls.of({"apiVersion": words[0], "kind": words[1]})

    @property
    def api_version(self) -> str:
        """As it stands in a manifest."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def schema_path(self) -> str:
        """Where the schema of this kind lies below a schema folder (see `kubeconform.SCHEMA_TEMPLATE`)."""
        return f"{self.group or self.version}/{self.kind.lower()}_{self.version}.json"

    def __str__(self) -> str:
        """The form that `parse` reads."""
        return f"{self.api_version} {self.kind}"
