"""The Secrets that a region's pods mount and that no file of the tree holds."""

from __future__ import annotations

from collections.abc import Iterator

from tests.e2e.kubectl import Object
from tests.e2e.tree import RegionTree

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_KEYS = ("ca.crt", "tls.crt", "tls.key")


def issued(tree: RegionTree) -> list[Object]:
    """The certificates' Secrets, as cert-manager or the operator would issue them, with nothing in them."""
    made = {_identity(file.object) for file in tree.of_kind("Secret")}
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"namespace": namespace, "name": name},
            "stringData": dict.fromkeys(_KEYS, "played"),
        }
        for namespace, name in sorted(set(_mounted(tree)) - made)
    ]


def _mounted(tree: RegionTree) -> Iterator[tuple[str, str]]:
    for workload in (file.object for kind in _WORKLOADS for file in tree.of_kind(kind)):
        for volume in workload["spec"]["template"]["spec"].get("volumes", []):
            if "secret" in volume and not volume["secret"].get("optional"):
                yield workload["metadata"]["namespace"], volume["secret"]["secretName"]


def _identity(secret: Object) -> tuple[str, str]:
    return secret["metadata"]["namespace"], secret["metadata"]["name"]
