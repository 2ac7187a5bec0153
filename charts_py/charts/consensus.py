"""The consensus members as a construct."""

from __future__ import annotations

import constructs

from charts_py.charts.component import Component
from charts_py.contract import names, ports
from charts_py.contract.region import Region
from charts_py.resources import consensus


class Consensus(Component):
    """StatefulSet, Services, disruption budget and admission policy of the consensus members."""

    def __init__(self, scope: constructs.Construct, id: str, *, region: Region) -> None:
        super().__init__(scope, id, region=region, resources=consensus.manifests)

    @property
    def service_name(self) -> str:
        """The client Service inside the cluster, as a DNS name without the cluster's domain."""
        return f"{names.CONSENSUS_CLIENT}.{names.NAMESPACE}.svc"

    @property
    def endpoint(self) -> str:
        """Where etcd clients connect; the members ask for a client certificate."""
        return f"https://{self.service_name}:{ports.ETCD_CLIENT.number}"

    @property
    def health_url(self) -> str:
        """Says whether the group has a quorum; plain HTTP, without a client certificate."""
        return f"http://{self.service_name}:{ports.CONSENSUS_HTTP.number}/health"
