"""The DWCP agents as a construct."""

from __future__ import annotations

import constructs

from charts_py.charts.component import Component
from charts_py.contract import names, ports
from charts_py.contract.region import Region
from charts_py.resources import dwcp


class Dwcp(Component):
    """DaemonSet, configuration, gateway and certificates of the network agents."""

    def __init__(self, scope: constructs.Construct, id: str, *, region: Region) -> None:
        super().__init__(scope, id, region=region, resources=dwcp.manifests)

    @property
    def gateway(self) -> str:
        """`host:port` inside the cluster at which the region takes DWCP connections."""
        return f"{names.DWCP_GATEWAY}.{names.NAMESPACE}.svc:{ports.DWCP_TRANSPORT.number}"
