"""CPU and memory of a container."""

from __future__ import annotations

from dataclasses import dataclass

from charts_py.contract.patterns import QUANTITY
from charts_py.contract.quantity import canonical
from charts_py.contract.setting import setting


@dataclass(frozen=True, kw_only=True)
class Compute:
    """CPU in cores, memory in bytes, as Kubernetes quantities."""

    cpu: str = setting("CPU, as in `500m` or `16`.", pattern=QUANTITY)
    memory: str = setting("Memory, as in `512Mi` or `32Gi`.", pattern=QUANTITY)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a container may use at most. CPU is best left out: a limit throttles even on an idle node."""

    cpu: str | None = setting("CPU limit.", default=None, pattern=QUANTITY)
    memory: str | None = setting(
        "Memory limit.", default=None, pattern=QUANTITY, default_words="the memory request"
    )


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Requests and limits of one container."""

    requests: Compute = setting("What is reserved on the node.")
    limits: Limits = setting("What it may use at most.", default_factory=Limits)

    def manifest(self) -> dict[str, dict[str, str]]:
        """As the container's `resources`, in canonical spelling. The memory limit is the request unless set,
        so that a container is never killed for memory it was promised."""
        limits = {"memory": canonical(self.limits.memory or self.requests.memory)}
        if self.limits.cpu is not None:
            limits = {"cpu": canonical(self.limits.cpu), **limits}
        requests = {"cpu": canonical(self.requests.cpu), "memory": canonical(self.requests.memory)}
        return {"requests": requests, "limits": limits}


def compute(cpu: str, memory: str) -> Resources:
    """Resources with these requests and the default limits."""
    return Resources(requests=Compute(cpu=cpu, memory=memory))
