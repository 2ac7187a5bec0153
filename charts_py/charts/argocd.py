"""The files under `argocd/` as a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cdk8s
import constructs

from charts_py.charts.manifests import Manifests, render
from charts_py.contract.manifest import Manifest


class ArgoCdChart(cdk8s.Chart):
    """What tells Argo CD about the tree; each file is a construct.

    Args:
        scope: an app.
        files: the objects of each file by path, as `resources.argocd.files` gives them.
    """

    def __init__(self, scope: constructs.Construct, files: Mapping[str, Sequence[Manifest]]) -> None:
        super().__init__(scope, "argocd", disable_resource_name_hashes=True)
        # A construct's id can't hold "/", and a path can't hold a space.
        self._paths = {path.replace("/", " "): path for path in files}
        for id, path in self._paths.items():
            Manifests(self, id, files[path])

    def files(self) -> dict[str, list[Manifest]]:
        """The rendered objects of each file by path; RenderError as of `render`."""
        rendered: dict[str, list[Manifest]] = {}
        for id, manifest in render(self):
            rendered.setdefault(self._paths[id], []).append(manifest)
        return rendered
