"""NovaCron's generator: one fleet file in, the checked manifest tree of every region out.

It is also a library for a cdk8s app of your own: `from charts_py import Api, Region`. Importing the package
itself is cheap; cdk8s, and with it Node, is loaded with the first construct.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charts_py.charts.api import Api as Api
    from charts_py.charts.argocd import ArgoCdChart as ArgoCdChart
    from charts_py.charts.component import Component as Component
    from charts_py.charts.consensus import Consensus as Consensus
    from charts_py.charts.dwcp import Dwcp as Dwcp
    from charts_py.charts.manifests import Manifests as Manifests
    from charts_py.charts.manifests import render as render
    from charts_py.charts.region import CoreChart as CoreChart
    from charts_py.charts.region import DwcpChart as DwcpChart
    from charts_py.charts.region import MonitoringChart as MonitoringChart
    from charts_py.contract.manifest import Manifest as Manifest
    from charts_py.contract.region import Region as Region

_HOMES = {
    "Api": "charts_py.charts.api",
    "ArgoCdChart": "charts_py.charts.argocd",
    "Component": "charts_py.charts.component",
    "Consensus": "charts_py.charts.consensus",
    "CoreChart": "charts_py.charts.region",
    "Dwcp": "charts_py.charts.dwcp",
    "DwcpChart": "charts_py.charts.region",
    "Manifest": "charts_py.contract.manifest",
    "Manifests": "charts_py.charts.manifests",
    "MonitoringChart": "charts_py.charts.region",
    "Region": "charts_py.contract.region",
    "render": "charts_py.charts.manifests",
}
"""Where each public name is. Nothing of it is imported before someone asks for it."""

__all__ = [  # mypy and editors read a literal list only; a test holds it to `_HOMES`
    "Api",
    "ArgoCdChart",
    "Component",
    "Consensus",
    "CoreChart",
    "Dwcp",
    "DwcpChart",
    "Manifest",
    "Manifests",
    "MonitoringChart",
    "Region",
    "render",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
