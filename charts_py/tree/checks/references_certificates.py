"""Certificates, issuers and secret stores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks.references_config import secret_advice
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.secret_makers import makers
from charts_py.tree.checks.shape import mapping, text
from charts_py.tree.checks.view import ClusterView

CERT_MANAGER: Final = "cert-manager.io"
CERT_MANAGER_NAMESPACE: Final = "cert-manager"
"""Where a ClusterIssuer looks for its Secrets: cert-manager's cluster resource namespace."""

INJECT: Final = "cert-manager.io/inject-ca-from"
STORES: Final = "external-secrets.io"


@rule("issuer-missing")
def issuer_missing(view: ClusterView) -> Iterator[Problem]:
    """Every Certificate is signed by an Issuer of its namespace or a ClusterIssuer that exists."""
    for identity, manifest in view.of(CERT_MANAGER, "Certificate"):
        issuer = mapping(manifest, "spec", "issuerRef")
        kind = text(issuer, "kind") or "Issuer"
        group = text(issuer, "group") or CERT_MANAGER
        namespace = "" if kind.startswith("Cluster") else identity.namespace
        if not view.exists(group, kind, namespace, text(issuer, "name")):
            message = view.missing(group, kind, namespace, text(issuer, "name"))
            yield Problem(object=identity, field="spec.issuerRef", message=message)


@rule("issuer-secret-missing")
def issuer_secret_missing(view: ClusterView) -> Iterator[Problem]:
    """Every CA issuer's Secret exists: in its namespace, for a ClusterIssuer in cert-manager's."""
    for kind in ("Issuer", "ClusterIssuer"):
        for identity, manifest in view.of(CERT_MANAGER, kind):
            namespace = identity.namespace or CERT_MANAGER_NAMESPACE
            name = text(manifest, "spec", "ca", "secretName")
            if name and not view.has_secret(namespace, name):
                message = secret_advice(view, namespace, name)
                yield Problem(object=identity, field="spec.ca.secretName", message=message)


@rule("secret-made-twice")
def secret_made_twice(view: ClusterView) -> Iterator[Problem]:
    """Every Secret has one maker."""
    first: dict[tuple[str, str], ObjectId] = {}
    for secret, maker, field, _ in makers(view.objects):
        other = first.setdefault(secret, maker)
        if other != maker:
            yield Problem(
                object=maker,
                field=field,
                message=f"Secret {secret[0]}/{secret[1]} is also made by {other}; each would "
                "overwrite the other. "
                "Give them different names.",
            )


@rule("secret-store-missing")
def secret_store_missing(view: ClusterView) -> Iterator[Problem]:
    """Every ExternalSecret reads from a SecretStore of its namespace or a ClusterSecretStore that exists."""
    for identity, manifest in view.of(STORES, "ExternalSecret"):
        store = mapping(manifest, "spec", "secretStoreRef")
        kind = text(store, "kind") or "SecretStore"
        namespace = "" if kind.startswith("Cluster") else identity.namespace
        name = text(store, "name")
        if name and not view.exists(STORES, kind, namespace, name):
            message = view.missing(STORES, kind, namespace, name)
            yield Problem(object=identity, field="spec.secretStoreRef", message=message)


@rule("injected-certificate-missing")
def injected_certificate_missing(view: ClusterView) -> Iterator[Problem]:
    """Every object that asks cert-manager for a CA names a Certificate that exists."""
    for identity, manifest in view.objects:
        wanted = text(manifest, "metadata", "annotations", INJECT)
        if wanted:
            namespace, _, name = wanted.partition("/")
            if not view.exists(CERT_MANAGER, "Certificate", namespace, name):
                message = view.missing(CERT_MANAGER, "Certificate", namespace, name)
                yield Problem(object=identity, field=f"metadata.annotations[{INJECT}]", message=message)


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    issuer_missing,
    issuer_secret_missing,
    secret_made_twice,
    secret_store_missing,
    injected_certificate_missing,
)
