"""Objects that a region's tree refers to and that somebody else installs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class External:
    """An object that exists in the cluster before NovaCron does.

    `group` is "" for core kinds, `namespace` "" for cluster-scoped kinds; `owner` names the add-on or team
    that installs it. `labels` are those of the pods that an external workload runs, or of an external
    Namespace; a workload without them may run any pod.
    """

    group: str
    kind: str
    namespace: str
    name: str
    owner: str
    labels: tuple[tuple[str, str], ...] = ()
