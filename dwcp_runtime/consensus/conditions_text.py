"""The conditions of a write, as HTTP writes them (RFC 9110, 13.1). Pure."""

from __future__ import annotations

import re
from typing import Final

_TAG: Final = re.compile(r'"(0|[1-9][0-9]{0,18})"')

ALLOWED: Final = (
    'If-Match: "REVISION" for a key as it was last written, If-None-Match: * for one that is not there'
)


class BadConditionError(ValueError):
    """A condition that means nothing here."""


def expected(if_match: str | None, if_none_match: str | None) -> int | None:
    """The revision that a write asks for; 0: the key must not be there; None: unconditional. Raises
    BadConditionError."""
    if if_match is not None and if_none_match is not None:
        raise BadConditionError("both If-Match and If-None-Match")
    if if_none_match is not None:
        if if_none_match.strip() != "*":
            raise BadConditionError(f"If-None-Match: {if_none_match:.40}")
        return 0
    if if_match is None:
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise BadConditionError(f"If-Match: {if_match:.40}")
    number = int(found[1])
    # etcd counts revisions in 63 bits, and 0 would mean a key that isn't there.
    if not 0 < number < 1 << 63:
        raise BadConditionError(f"If-Match: {if_match:.40}: no key was ever written at that revision")
    return number
