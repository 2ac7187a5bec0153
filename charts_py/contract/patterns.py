"""Spellings that Kubernetes itself prescribes. Every pattern is valid in ECMA 262 and in RE2."""

from __future__ import annotations

from typing import Final

DNS_LABEL: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
"""RFC 1123 label: namespaces, services, regions."""

DNS_NAME: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
"""RFC 1123 subdomain: hosts and most object names."""

REGION_NAME: Final = r"^[a-z]([-a-z0-9]{0,29}[a-z0-9])?$"
"""A region: at most 31 characters, so that every name derived from it still fits a label."""

QUANTITY: Final = r"^[0-9]+(\.[0-9]{1,3})?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"
"""A non-negative resource.Quantity without exponent notation."""

SEMVER: Final = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$"

IMAGE_TAG: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"
IMAGE_DIGEST: Final = r"^sha256:[0-9a-f]{64}$"
IMAGE_REGISTRY: Final = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9._-]+)*$"

CIDR: Final = (
    r"^([0-9]{1,3}(\.[0-9]{1,3}){3}/([0-9]|[12][0-9]|3[0-2])|[0-9a-f:]+/([0-9]{1,2}|1[01][0-9]|12[0-8]))$"
)
"""An IPv4 or IPv6 network in prefix notation; octets above 255 are refused by the API server."""

ENDPOINT: Final = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?:[0-9]{1,5}$"
"""host:port, the host a DNS name or an IPv4 address."""

GIT_REVISION: Final = r"^[^\s~^:?*\[\\]+$"
"""A branch, tag or commit (git-check-ref-format)."""

GIT_URL: Final = r"^(https://|ssh://|git@|file:///)[^\s]+$"

DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

BUCKET: Final = r"^[a-z0-9][-a-z0-9._]{1,61}[a-z0-9]$"
"""An object store bucket, in the spelling that every provider takes."""

AZURE_ACCOUNT: Final = r"^[a-z0-9]{3,24}$"
"""A storage account of Azure."""

RULE_ID: Final = r"^[a-z][a-z0-9-]*$"
"""A rule of the tree's checks, in kebab case."""
