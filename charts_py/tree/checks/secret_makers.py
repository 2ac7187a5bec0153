"""Which Secrets exist or will be made, and which keys they will hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks.shape import at, mapping, mappings, text

CERTIFICATE_KEYS: Final = frozenset(["tls.crt", "tls.key", "ca.crt"])
KEYSTORES: Final[Mapping[str, tuple[str, ...]]] = {
    "jks": ("keystore.jks", "truststore.jks"),
    "pkcs12": ("keystore.p12", "truststore.p12"),
}


def makers(
    objects: Sequence[tuple[ObjectId, Manifest]],
) -> Iterator[tuple[tuple[str, str], ObjectId, str, frozenset[str] | None]]:
    """Every object that makes a Secret: (namespace, name), the maker, its field, the keys (None: unknown)."""
    for identity, manifest in objects:
        kind = (identity.group, identity.kind)
        if kind == ("", "Secret"):
            keys = {*mapping(manifest, "data"), *mapping(manifest, "stringData")}
            yield (identity.namespace, identity.name), identity, "metadata.name", frozenset(keys)
        elif kind == ("cert-manager.io", "Certificate"):
            name = text(manifest, "spec", "secretName")
            if name:
                yield (identity.namespace, name), identity, "spec.secretName", _certificate_keys(manifest)
        elif kind == ("external-secrets.io", "ExternalSecret"):
            name = text(manifest, "spec", "target", "name") or identity.name
            yield (identity.namespace, name), identity, "spec.target.name", _external_keys(manifest)
        elif kind == ("bitnami.com", "SealedSecret"):
            name = text(manifest, "spec", "template", "metadata", "name") or identity.name
            keys = {*mapping(manifest, "spec", "encryptedData")}
            yield (identity.namespace, name), identity, "metadata.name", frozenset(keys)


def made_secrets(
    objects: Sequence[tuple[ObjectId, Manifest]],
) -> Mapping[tuple[str, str], frozenset[str] | None]:
    """The Secrets of a cluster with their keys; None where only the maker knows them."""
    return {secret: keys for secret, _, _, keys in makers(objects)}


def _certificate_keys(manifest: Manifest) -> frozenset[str]:
    keys = set(CERTIFICATE_KEYS)
    for store, files in KEYSTORES.items():
        if at(manifest, "spec", "keystores", store, "create") is True:
            keys.update(files)
    for _, output in mappings(manifest, "spec", "additionalOutputFormats"):
        keys.add("key.der" if output.get("type") == "DER" else "tls-combined.pem")
    return frozenset(keys)


def _external_keys(manifest: Manifest) -> frozenset[str] | None:
    if at(manifest, "spec", "dataFrom") or at(manifest, "spec", "target", "template"):
        return None
    return frozenset(text(entry, "secretKey") for _, entry in mappings(manifest, "spec", "data"))
