"""Secrets in plain text: in Git they are public to everyone who can read it, for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import mapping, mappings, string_map, text, texts
from charts_py.tree.checks.view import ClusterView

WORDS: Final = (
    r"(?:password|passwd|passphrase|secret|token|credentials?|api[_-]?key|access[_-]?key(?:[_-]?id)?|"
    r"secret[_-]?key|private[_-]?key|client[_-]?secret|dsn)"
)
NAME: Final = re.compile(rf"(?:.*[_.-])?{WORDS}", re.IGNORECASE)
"""A name that ends in one of the words, as a whole word: DB_PASSWORD, not TOKEN_TTL or PASSWORD_FILE."""

ASSIGNMENT: Final = re.compile(
    rf"""^[ \t]*(?:-[ \t]+)?(?:--)?["']?(?:[\w.-]*[_.-])?{WORDS}["']?[ \t]*[:=][ \t]*(\S.*?)[ \t]*,?$""",
    re.IGNORECASE | re.MULTILINE,
)
VALUE: Final = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{40,}"
    r"|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\bAIza[0-9A-Za-z_-]{35}\b"
    r"|\b[sr]k_live_[0-9A-Za-z]{16,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    r"|://[^\s/:@$({<]+:(?![$({<%])[^\s/@]+@"
)
"""Credentials whatever their name: key blocks, provider tokens, JWTs, user:password in a URL."""

HARMLESS: Final = re.compile(
    r"""["']?(?:|\$.*|\{\{.*|<.*|/.*|\.{1,2}/.*|null|~|none|true|false|yes|no|enabled|disabled|required|optional"""
    r"""|file|env|vault|\d{1,3}|[|>][+-]?)["']?""",
    re.IGNORECASE,
)
"""Values that are no secret: references, templates, paths, switches, small numbers, block markers."""

ADVICE: Final = (
    "Take it out of Git, revoke it, and refer to a Secret that a Certificate or an ExternalSecret makes "
    "(valueFrom.secretKeyRef or a volume)."
)
SERVICE_ACCOUNT_TOKEN: Final = "kubernetes.io/service-account-token"


@rule("secret-in-plain-text")
def secret_in_plain_text(view: ClusterView) -> Iterator[Problem]:
    """No Secret with values is in the tree: base64 is not encryption."""
    for identity, manifest in view.of("", "Secret"):
        for field in ("data", "stringData"):
            if mapping(manifest, field) and manifest.get("type") != SERVICE_ACCOUNT_TOKEN:
                keys = ", ".join(sorted(mapping(manifest, field)))
                yield Problem(
                    object=identity, field=field, message=f"the tree holds the values of {keys}. {ADVICE}"
                )


@rule("credential-in-container")
def credential_in_container(view: ClusterView) -> Iterator[Problem]:
    """No environment value, argument or command of a container looks like a credential."""
    for pod in view.pods:
        for container in pod.containers:
            for index, entry in mappings(container.spec, "env"):
                name, value = text(entry, "name"), text(entry, "value")
                if VALUE.search(value) or (NAME.fullmatch(name) and not HARMLESS.fullmatch(value)):
                    yield Problem(
                        object=pod.owner,
                        field=f"{container.field}.env[{index}].value",
                        message=f"{name} looks like a credential in plain text. {ADVICE}",
                    )
            for part in ("args", "command"):
                for index, argument in texts(container.spec, part):
                    if _reveals(argument):
                        yield Problem(
                            object=pod.owner,
                            field=f"{container.field}.{part}[{index}]",
                            message=f"the argument looks like a credential in plain text. {ADVICE}",
                        )


@rule("credential-in-config-map")
def credential_in_config_map(view: ClusterView) -> Iterator[Problem]:
    """No value of a ConfigMap looks like a credential."""
    for identity, manifest in view.of("", "ConfigMap"):
        for key, value in string_map(manifest, "data").items():
            named = NAME.fullmatch(key) and "\n" not in value and not HARMLESS.fullmatch(value)
            if named or _reveals(value):
                yield Problem(
                    object=identity,
                    field=f"data[{key}]",
                    message=f"the value looks like a credential in plain text. {ADVICE}",
                )


def _reveals(value: str) -> bool:
    if VALUE.search(value):
        return True
    return any(not HARMLESS.fullmatch(found[1]) for found in ASSIGNMENT.finditer(value))


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    secret_in_plain_text,
    credential_in_container,
    credential_in_config_map,
)
