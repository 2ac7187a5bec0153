"""What a region's tree refers to and somebody else installs: all of it, each with its owner."""

from __future__ import annotations

from charts_py.contract import certificates, names
from charts_py.contract.external import External
from charts_py.contract.region import Region
from charts_py.resources import network_policies, storage_classes
from charts_py.resources.certificates import SIGNER_GROUP


def externals(region: Region) -> tuple[External, ...]:
    """Everything that must be there before the region's tree works, sorted; no object twice."""
    return tuple(
        sorted(
            {
                *network_policies.externals(region),
                *storage_classes.externals(region),
                *certificates.issued_by_operator(region),
                *_issuer(region),
                *_mesh(region),
                *_backup(region),
            }
        )
    )


def _issuer(region: Region) -> list[External]:
    issuer = region.security.issuer
    if region.security.certificates != "cert-manager" or issuer is None:
        return []
    namespace = names.NAMESPACE if issuer.kind == "Issuer" else ""
    return [
        External(
            group=SIGNER_GROUP,
            kind=issuer.kind,
            namespace=namespace,
            name=issuer.name,
            owner="the platform's certificate authority",
        )
    ]


def _mesh(region: Region) -> list[External]:
    if not region.service_mesh.enabled:
        return []
    found = [_namespace(names.ISTIO_NAMESPACE, "Istio")]
    if region.api.host is not None:
        # A gateway reads its certificate beside its pods, not beside the Gateway object.
        found.append(
            External(
                group="",
                kind="Secret",
                namespace=names.ISTIO_NAMESPACE,
                name=region.service_mesh.gateway_secret,
                owner=f"whoever holds the certificate of {region.api.host}",
            )
        )
    return found


def _backup(region: Region) -> list[External]:
    return [_namespace(names.VELERO_NAMESPACE, "Velero")] if region.backup.enabled else []


def _namespace(name: str, owner: str) -> External:
    return External(group="", kind="Namespace", namespace="", name=name, owner=owner)
