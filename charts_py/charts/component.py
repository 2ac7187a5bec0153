"""One construct per component: thin classes over `resources`, with what others need to know of them."""

from __future__ import annotations

from collections.abc import Callable

import constructs

from charts_py.charts.manifests import Manifests
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region


class Component(Manifests):
    """What a module of `resources` makes for a region, as a construct.

    Args:
        scope: a chart, this platform's or a user's own.
        id: the component's name, in a chart of the tree also its folder.
        region: the region it is for.
        resources: the module's `manifests` function.
    """

    def __init__(
        self,
        scope: constructs.Construct,
        id: str,
        *,
        region: Region,
        resources: Callable[[Region], list[Manifest]],
    ) -> None:
        super().__init__(scope, id, resources(region))
        self.region = region
