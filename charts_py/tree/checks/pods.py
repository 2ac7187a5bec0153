"""The pods that a cluster's workloads will make, with everything that rules ask of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks.shape import mapping, mappings, number, string_map, text

TEMPLATE_FIELDS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("", "Pod"): (),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("argoproj.io", "Rollout"): ("spec", "template"),
}
"""Where each kind that makes pods keeps the template."""

LONG_RUNNING: Final = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout"}


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container of a pod template; `field` is its path inside the object that holds the template."""

    field: str
    name: str
    spec: Mapping[str, Any]
    role: Literal["main", "sidecar", "init", "ephemeral"]

    @cached_property
    def ports(self) -> tuple[tuple[str, int, str], ...]:
        """Declared ports as (name or "", number, protocol)."""
        return tuple(
            (text(port, "name"), number(port, "containerPort") or 0, text(port, "protocol") or "TCP")
            for _, port in mappings(self.spec, "ports")
        )


@dataclass(frozen=True, kw_only=True)
class PodTemplate:
    """The pods of one workload. `field` is the template's path inside `owner`, "" for a bare Pod."""

    owner: ObjectId
    field: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Mapping[str, Any]
    containers: tuple[Container, ...]

    @property
    def namespace(self) -> str:
        """Where the pods run."""
        return self.owner.namespace

    @property
    def spec_field(self) -> str:
        """Path of the pod spec inside `owner`."""
        return f"{self.field}.spec" if self.field else "spec"

    @property
    def long_running(self) -> bool:
        """Whether the pods are meant to stay: a workload other than a Job or a bare Pod."""
        return self.owner.kind in LONG_RUNNING

    @cached_property
    def service_account(self) -> str:
        """The ServiceAccount that the pods run as."""
        return text(self.spec, "serviceAccountName") or text(self.spec, "serviceAccount") or "default"

    @cached_property
    def ports(self) -> tuple[tuple[str, int, str], ...]:
        """Ports of all containers that run as long as the pod does."""
        return tuple(
            port for container in self.containers if container.role != "init" for port in container.ports
        )

    def has_port(self, port: str | int, protocol: str | None = None) -> bool:
        """Whether a container declares `port`, by name or by number."""
        wanted = 0 if isinstance(port, int) else 1
        return any(
            (name == port if wanted else number_ == port) and protocol in (None, spoken)
            for name, number_, spoken in self.ports
        )

    def spell_ports(self) -> str:
        """The declared ports for a message."""
        return ", ".join(f"{n} ({name})" if name else str(n) for name, n, _ in self.ports) or "none"


def template_of(owner: ObjectId, manifest: Manifest) -> PodTemplate | None:
    """The pods that `manifest` makes, None for a kind that makes none."""
    path = TEMPLATE_FIELDS.get((owner.group, owner.kind))
    if path is None:
        return None
    template = mapping(manifest, *path)
    spec = mapping(template, "spec")
    if not spec:
        return None
    field = ".".join(path)
    labels = string_map(template, "metadata", "labels")
    return PodTemplate(
        owner=owner,
        field=field,
        labels=labels,
        annotations=string_map(template, "metadata", "annotations"),
        spec=spec,
        containers=tuple(_containers(spec, f"{field}.spec" if field else "spec")),
    )


def _containers(spec: Mapping[str, Any], field: str) -> Iterator[Container]:
    for index, container in mappings(spec, "initContainers"):
        yield Container(
            field=f"{field}.initContainers[{index}]",
            name=text(container, "name"),
            spec=container,
            role="sidecar" if container.get("restartPolicy") == "Always" else "init",
        )
    for index, container in mappings(spec, "containers"):
        yield Container(
            field=f"{field}.containers[{index}]", name=text(container, "name"), spec=container, role="main"
        )
    for index, container in mappings(spec, "ephemeralContainers"):
        yield Container(
            field=f"{field}.ephemeralContainers[{index}]",
            name=text(container, "name"),
            spec=container,
            role="ephemeral",
        )
