"""One unit from settings to bytes: through the cdk8s constructs, then into canonical form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.resources import argocd
from charts_py.tree.canonical import provenance, to_yaml
from charts_py.tree.file_names import place

if TYPE_CHECKING:
    from charts_py.contract.environment import Environment
    from charts_py.contract.region import Region


@dataclass(frozen=True, kw_only=True)
class Built:
    """A unit's objects and files. Paths are relative to the unit."""

    manifests: tuple[Manifest, ...]
    documents: tuple[bytes, ...]
    """Each object as it is published, in the order of `manifests`."""
    files: dict[str, bytes]
    objects_by_file: dict[str, tuple[Manifest, ...]]
    """A file that only other objects read holds none."""
    parts: dict[str, tuple[ObjectId, ...]]
    """What each part holds; a part without objects is left out."""


def build_region(region: Region) -> Built:
    """The tree of one region. Raises what cdk8s, the canonical form and the file names raise."""
    # cdk8s is only imported where something is built: an unchanged tree needs neither it nor Node.
    from charts_py.charts.manifests import render
    from charts_py.charts.region import region_charts

    header = provenance(f"fleet/{region.environment}.yaml")
    folders: list[tuple[str, Manifest]] = []
    parts: dict[str, tuple[ObjectId, ...]] = {}
    for chart in region_charts(region):
        rendered = render(chart)
        if rendered:
            parts[chart.PART] = tuple(ObjectId.of(manifest) for _, manifest in rendered)
        folders += [(f"{chart.PART}/{component}", manifest) for component, manifest in rendered]
    placed = place(folders)
    files = {path: to_yaml(manifest, header) for path, manifest in placed.items()}
    return Built(
        manifests=tuple(placed.values()),
        documents=tuple(files.values()),
        files=files,
        objects_by_file={path: (manifest,) for path, manifest in placed.items()},
        parts=parts,
    )


def build_argocd(environments: Sequence[Environment], holds: argocd.Holds) -> Built:
    """Everything under `argocd/`. Raises DeliveryError for environments that one hub can't serve."""
    files = argocd.files(environments, holds)
    if not files:
        return Built(manifests=(), documents=(), files={}, objects_by_file={}, parts={})
    import cdk8s

    from charts_py.charts.argocd import ArgoCdChart

    header = provenance("fleet/")
    objects = {path: tuple(held) for path, held in ArgoCdChart(cdk8s.App(), files).files().items()}
    documents = {path: [to_yaml(manifest, header) for manifest in held] for path, held in objects.items()}
    programs = {path: f"// {header}\n{text}".encode() for path, text in argocd.programs(files).items()}
    return Built(
        manifests=tuple(manifest for held in objects.values() for manifest in held),
        documents=tuple(document for held in documents.values() for document in held),
        files={path: _one_file(held) for path, held in documents.items()} | programs,
        objects_by_file=objects | dict.fromkeys(programs, ()),
        parts={},
    )


def _one_file(documents: list[bytes]) -> bytes:
    """Several objects in one file, which `kubectl apply -f` takes at once; the header stands once."""
    first, *others = documents
    return b"---\n".join([first, *(document.partition(b"\n")[2] for document in others)])
