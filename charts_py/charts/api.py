"""The regional API server as a construct."""

from __future__ import annotations

import constructs

from charts_py.charts.component import Component
from charts_py.contract import names, ports
from charts_py.contract.region import Region
from charts_py.resources import api


class Api(Component):
    """Deployment, Service, autoscalers and disruption budget of the API server."""

    def __init__(self, scope: constructs.Construct, id: str, *, region: Region) -> None:
        super().__init__(scope, id, region=region, resources=api.manifests)

    @property
    def service_name(self) -> str:
        """The Service inside the cluster, as a DNS name without the cluster's domain."""
        return f"{names.API}.{names.NAMESPACE}.svc"

    @property
    def url(self) -> str:
        """Where other workloads of the cluster reach the API."""
        return f"http://{self.service_name}:{ports.API_SERVICE_PORT}"
