"""A region's part of the generated tree, in the order in which it is applied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import yaml

from charts_py.contract.names import PARTS
from tests.e2e.kubectl import Object

WAVE = "argocd.argoproj.io/sync-wave"


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of the tree and the object in it."""

    path: Path
    object: Object

    @property
    def wave(self) -> int:
        """Its sync wave."""
        return int(self.object["metadata"].get("annotations", {}).get(WAVE, "0"))

    @property
    def kind(self) -> str:
        """Its kind."""
        kind: str = self.object["kind"]
        return kind

    @property
    def group(self) -> str:
        """Its API group; empty for the core group."""
        group, _, version = self.object["apiVersion"].rpartition("/")
        return group if version else ""

    @property
    def words(self) -> tuple[str, ...]:
        """What `kubectl get` needs to find it."""
        metadata = self.object["metadata"]
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        namespace = ("-n", metadata["namespace"]) if "namespace" in metadata else ()
        return (kind, metadata["name"], *namespace)


@dataclass(frozen=True, kw_only=True)
class RegionTree:
    """The files of one region."""

    environment: str
    region: str
    files: Sequence[File]

    @property
    def name(self) -> str:
        """`<environment>-<region>`."""
        return f"{self.environment}-{self.region}"

    def waves(self) -> Iterator[tuple[int, list[File]]]:
        """Waves in order, each with its files in the tree's order."""
        for wave, files in groupby(
            sorted(self.files, key=lambda file: file.wave), key=lambda file: file.wave
        ):
            yield wave, list(files)

    def of_kind(self, kind: str) -> list[File]:
        """The files of one kind."""
        return [file for file in self.files if file.kind == kind]

    def foreign_namespaces(self) -> list[str]:
        """Namespaces that objects are in and that the tree doesn't make: those of the cluster's add-ons."""
        used = {file.object["metadata"].get("namespace") for file in self.files} - {None}
        return sorted(used - {file.object["metadata"]["name"] for file in self.of_kind("Namespace")})

    @property
    def consensus_members(self) -> int:
        """How many consensus members the fleet asks for: what the operator would scale to."""
        (region,) = self.of_kind("NovaCronRegion")
        members: int = region.object["spec"]["dwcp"]["acp"]["nodes"]
        return members

    @property
    def api_replicas(self) -> int:
        """How many API pods there are at least."""
        (region,) = self.of_kind("NovaCronRegion")
        least: int = region.object["spec"]["api"]["minReplicas"]
        return least

    def groups(self) -> set[str]:
        """API groups of all objects."""
        return {file.group for file in self.files}


def read_regions(generated: Path) -> list[RegionTree]:
    """Read `generated/<environment>/<region>/<part>/...`; regions sorted by environment and name."""
    return [
        RegionTree(environment=folder.parent.name, region=folder.name, files=_files(folder))
        for folder in sorted(generated.glob("*/*/"))
    ]


def _files(folder: Path) -> list[File]:
    return [
        File(path=path, object=yaml.load(path.read_bytes(), Loader=_LOADER))
        for part in PARTS
        for path in sorted((folder / part).rglob("*.yaml"))
    ]


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
