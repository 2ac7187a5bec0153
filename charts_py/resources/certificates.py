"""cert-manager Certificates for the workloads that bring their own mutual TLS."""

from __future__ import annotations

from typing import Final

from charts_py.contract import certificates
from charts_py.contract.certificates import CertificateRequest
from charts_py.contract.manifest import Manifest
from charts_py.contract.platform import Issuer
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources.objects import manifest

DURATION: Final = "2160h0m0s"
RENEW_BEFORE: Final = "720h0m0s"
"""90 days, renewed 30 days before the end. In the spelling that cert-manager stores."""

SIGNER_GROUP: Final = "cert-manager.io"


def of(region: Region, app: str, *, component: str) -> list[Manifest]:
    """The Certificate of `app`; none where the operator issues.

    Every renewal has a new key. One certificate serves both sides of a connection, hence both usages.
    """
    issuer = region.security.issuer
    if region.security.certificates != "cert-manager" or issuer is None:
        return []
    return [_certificate(certificates.request_of(region, app), issuer, component)]


def _certificate(request: CertificateRequest, issuer: Issuer, component: str) -> Manifest:
    return manifest(
        "cert-manager.io/v1",
        "Certificate",
        request.secret,
        namespace=request.namespace,
        app=request.app,
        component=component,
        wave=Wave.CERTIFICATES,
        spec={
            "secretName": request.secret,
            "duration": DURATION,
            "renewBefore": RENEW_BEFORE,
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "usages": ["digital signature", "server auth", "client auth"],
            "dnsNames": list(request.dns_names),
            "issuerRef": {"group": SIGNER_GROUP, "kind": issuer.kind, "name": issuer.name},
        },
    )
