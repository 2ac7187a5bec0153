"""Settings of the three workloads beside DWCP's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from charts_py.contract.compute import Compute, Limits, Resources, compute
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


NODE_DISK_SIZE: Final = "20Gi"
"""How much of its node's disk an agent may fill where the fleet gives it no volume."""


@dataclass(frozen=True, kw_only=True)
class AgentVolume:
    """Where an agent keeps its files: with a size a claim of each pod's own, without one the node's disk."""

    RULES: ClassVar[tuple[Rule[AgentVolume], ...]] = (
        Rule(
            path=("storageClass",),
            message="a storageClass needs size, the capacity of each agent's volume",
            cel="!has(self.storageClass) || has(self.size)",
            holds=lambda volume: volume.storage_class is None or volume.size is not None,
        ),
    )

    size: str | None = setting(
        "Capacity of a volume that is made for each pod and goes with it.",
        default=None,
        pattern=QUANTITY,
        default_words=f"none: {NODE_DISK_SIZE} of the node's disk, and a pod that fills more is evicted",
    )
    storage_class: str | None = setting(
        "An existing StorageClass, best one that deletes its volumes.",
        default=None,
        pattern=DNS_NAME,
        default_words="the cluster's default",
    )

    @property
    def capacity(self) -> str:
        """How much fits, wherever it lies."""
        return self.size or NODE_DISK_SIZE


@dataclass(frozen=True, kw_only=True)
class Agent:
    """The DWCP agent's pods."""

    resources: Resources = setting(
        "Of each pod.",
        default_factory=lambda: Resources(
            requests=Compute(cpu="250m", memory="512Mi"), limits=Limits(memory="2Gi")
        ),
    )
    volume: AgentVolume = setting("Data volume of each pod.", default_factory=AgentVolume)
    max_nodes: int = setting(
        "Most nodes that the cluster grows to: the namespace's quota leaves room for an agent on each. "
        "Kubernetes itself ends at 5000.",
        default=100,
        minimum=1,
        maximum=5000,
    )
