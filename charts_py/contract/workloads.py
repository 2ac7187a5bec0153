"""Settings of the three workloads beside DWCP's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from charts_py.contract.compute import Resources, compute
from charts_py.contract.patterns import DNS_NAME, QUANTITY
from charts_py.contract.setting import Rule, setting


@dataclass(frozen=True, kw_only=True)
class Api:
    """The regional API server. How many run is the autoscaler's decision, within these bounds."""

    RULES: ClassVar[tuple[Rule[Api], ...]] = (
        Rule(
            path=("minReplicas",),
            message="minReplicas must not exceed maxReplicas",
            cel="self.minReplicas <= self.maxReplicas",
            holds=lambda api: api.min_replicas <= api.max_replicas,
        ),
    )

    min_replicas: int = setting("Fewest pods.", default=3, minimum=1, maximum=100)
    max_replicas: int = setting("Most pods.", default=100, minimum=1, maximum=100)
    cpu_utilization: int = setting(
        "CPU use to scale at, in percent of the request.", default=70, minimum=1, maximum=100
    )
    requests_per_second: int = setting("Requests per second and pod to scale at.", default=1000, minimum=1)
    resources: Resources = setting("Of each pod.", default_factory=lambda: compute("500m", "512Mi"))
    recommender: bool = setting(
        "Ask the Vertical Pod Autoscaler, if the cluster has one, what the requests should be. It only "
        "recommends.",
        default=False,
    )
    spot: bool = setting("Prefer spot nodes.", default=False)
    host: str | None = setting("Public DNS name.", default=None, pattern=DNS_NAME, default_words="none")


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A consensus member's data volume."""

    size: str = setting("Capacity.", default="20Gi", pattern=QUANTITY)
    storage_class: str | None = setting(
        "An existing StorageClass.",
        default=None,
        pattern=DNS_NAME,
        default_words="the one NovaCron makes for the provider, else the cluster's default",
    )


@dataclass(frozen=True, kw_only=True)
class Consensus:
    """The consensus members' pods. How many there are is `dwcp.acp.nodes`."""

    resources: Resources = setting("Of each pod.", default_factory=lambda: compute("500m", "1Gi"))
    volume: Volume = setting("Data volume of each pod.", default_factory=Volume)


@dataclass(frozen=True, kw_only=True)
class Agent:
    """The DWCP agent's pods."""

    resources: Resources = setting("Of each pod.", default_factory=lambda: compute("250m", "512Mi"))
    max_nodes: int = setting(
        "Most nodes that the cluster grows to: the namespace's quota leaves room for an agent on each. "
        "Kubernetes itself ends at 5000.",
        default=100,
        minimum=1,
        maximum=5000,
    )
