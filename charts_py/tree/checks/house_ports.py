"""The ports that the contract gives to our workloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from charts_py.contract import labels
from charts_py.contract.ports import CONTAINER_PORTS
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.view import ClusterView


@rule("port-not-of-house")
def port_not_of_house(view: ClusterView) -> Iterator[Problem]:
    """Every port of our workloads is in the contract's port table, by name, number and protocol."""
    for pod in view.pods:
        table = CONTAINER_PORTS.get(pod.labels.get(labels.APP, ""))
        if table is None:
            continue
        known = {(port.name, port.number, port.protocol) for port in table}
        for container in pod.containers:
            for index, (name, number, protocol) in enumerate(container.ports):
                if (name, number, protocol) not in known:
                    allowed = ", ".join(f"{port.name} {port.number}/{port.protocol}" for port in table)
                    yield Problem(
                        object=pod.owner,
                        field=f"{container.field}.ports[{index}]",
                        message=f"{name} {number}/{protocol} is not a port of "
                        f"{pod.labels[labels.APP]}. Allowed: "
                        f"{allowed}; a new port is a line in the contract's port table.",
                    )


@rule("port-of-house-missing")
def port_of_house_missing(view: ClusterView) -> Iterator[Problem]:
    """Every one of our workloads declares all the ports that the contract gives it."""
    for pod in view.pods:
        if not pod.long_running:
            continue
        for port in CONTAINER_PORTS.get(pod.labels.get(labels.APP, ""), ()):
            if (port.name, port.number, port.protocol) not in pod.ports:
                yield Problem(
                    object=pod.owner,
                    field=f"{pod.spec_field}.containers",
                    message=f"no container declares {port.name} {port.number}/{port.protocol}, on "
                    "which others "
                    "expect the workload. Declare it.",
                )


RULES: Final[tuple[Rule[ClusterView], ...]] = (port_not_of_house, port_of_house_missing)
