"""What the patterns of the settings mean, in words, with an example each."""

from __future__ import annotations

from typing import Final

from charts_py.contract import patterns

_WORDS: Final[dict[str, str]] = {
    patterns.DNS_LABEL: "at most 63 lower-case letters, digits and hyphens, as in us-east-1",
    patterns.DNS_NAME: "a DNS name in lower case, as in api.example.com",
    patterns.REGION_NAME: "at most 31 lower-case letters, digits and hyphens, as in us-east-1",
    patterns.QUANTITY: "a Kubernetes quantity, as in 500m or 2 for CPU, 512Mi or 32Gi for memory",
    patterns.SEMVER: "a version of three numbers, as in 3.0.0",
    patterns.IMAGE_TAG: "an image tag: letters, digits, `_`, `.` and `-`, at most 128, as in 3.0.1",
    patterns.IMAGE_DIGEST: "sha256: and 64 hexadecimal digits in lower case",
    patterns.IMAGE_REGISTRY: "a registry and path without scheme, as in registry.example.com/platform",
    patterns.CIDR: "a network in prefix notation, as in 10.0.0.0/8",
    patterns.ENDPOINT: "host:port, as in dwcp.example.com:8888",
    patterns.GIT_URL: "a Git URL that begins with https://, ssh://, git@ or file:///",
    patterns.GIT_REVISION: "a branch, tag or commit, as in main",
    patterns.AZURE_ACCOUNT: "3 to 24 lower-case letters and digits, as in acmebackups",
    patterns.BUCKET: "3 to 63 lower-case letters, digits, hyphens and dots, as in acme-backups",
    patterns.RULE_ID: "a rule id in kebab case, as in pdb-below-quorum",
    patterns.DATE: "a date, as in 2030-01-31",
}


def spelling(pattern: str) -> str:
    """What a text that matches `pattern` looks like; the pattern itself where no words are known."""
    return _WORDS.get(pattern, f"text that matches {pattern}")
