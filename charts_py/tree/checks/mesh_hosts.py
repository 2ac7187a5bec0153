"""Host names as Istio resolves them: a short name gets its namespace, one with a dot is taken as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from charts_py.tree.checks.shape import texts
from charts_py.tree.checks.view import ClusterView

CLUSTER_DOMAIN: Final = "svc.cluster.local"


@dataclass(frozen=True, kw_only=True)
class Host:
    """What a host stands for. `service` is its namespace and name, None for a ServiceEntry or wildcard."""

    service: tuple[str, str] | None


def resolve(view: ClusterView, host: str, namespace: str) -> Host | None:
    """What `host`, written in an object of `namespace`, stands for; None for nothing in this cluster."""
    for _, entry in view.of("networking.istio.io", "ServiceEntry"):
        if any(covers(known, host) for _, known in texts(entry, "spec", "hosts")):
            return Host(service=None)
    if "." not in host:
        service = (namespace, host)
    elif host.endswith(f".{CLUSTER_DOMAIN}"):
        name, _, where = host.removesuffix(f".{CLUSTER_DOMAIN}").rpartition(".")
        if "*" in (name, where):
            known = where in ("", "*") or view.exists("", "Namespace", "", where)
            return Host(service=None) if known else None
        service = (where, name)
    else:
        return None
    return Host(service=service) if view.exists("", "Service", *service) else None


def covers(pattern: str, host: str) -> bool:
    """Whether a gateway's or entry's host `pattern` (`*`, `*.example.com`, or a full name) serves `host`."""
    if pattern in ("*", host):
        return True
    return pattern.startswith("*.") and host.removeprefix("*").endswith(pattern[1:])


def advice(host: str, namespace: str) -> str:
    """The message for a host that resolves to nothing."""
    if "." in host and not host.endswith(CLUSTER_DOMAIN):
        return (
            f"host {host} is no Service: only a bare name is completed by Istio. Write "
            f"<service>.<namespace>.{CLUSTER_DOMAIN}, or declare a ServiceEntry for it."
        )
    return (
        f"host {host} (seen from namespace {namespace}) is no Service or ServiceEntry of this "
        "cluster. Correct it, "
        "or declare the Service as an external."
    )
