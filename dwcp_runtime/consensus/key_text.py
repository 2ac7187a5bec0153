"""Keys: any bytes, as percent-encoded text in a path, and where they lie in etcd.

Every key of the API lies below `PREFIX`, which the agent puts in front of it. So no request, whatever its
bytes, reaches what the agents agree on among themselves.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from dwcp_runtime.consensus.gateway_text import prefix_end

PREFIX: Final = b"/novacron/keys/"

MOST_KEY_BYTES: Final = 1024
"""Of a key, decoded and without the prefix."""

_BROKEN: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


class BadKeyError(ValueError):
    """A text that is no key; the message says why, `allowed` what is one."""

    def __init__(self, reason: str, *, allowed: str) -> None:
        super().__init__(reason)
        self.allowed = allowed


def decode(text: str) -> bytes:
    """The bytes that a percent-encoded text stands for; may be empty. Raises BadKeyError."""
    if broken := _BROKEN.search(text):
        raise BadKeyError(
            f"'%' at character {broken.start() + 1} is not followed by two hexadecimal digits",
            allowed="percent-encoding (RFC 3986, 2.1); a percent sign itself is %25",
        )
    data = unquote_to_bytes(text)
    if len(data) > MOST_KEY_BYTES:
        raise BadKeyError(f"a key of {len(data)} bytes", allowed=f"1 to {MOST_KEY_BYTES} bytes, decoded")
    return data


def encode(key: bytes) -> str:
    """A key as it stands in a path. Slashes stay, so that keys with parts can be read; dots are encoded where
    they alone make up a part, since clients would resolve them."""
    return "/".join(
        part.replace(".", "%2E") if part in (".", "..") else part for part in quote_from_bytes(key).split("/")
    )


def stored(key: bytes) -> bytes:
    """Where a key lies in etcd."""
    return PREFIX + key


def told(stored_key: bytes) -> bytes:
    """The key of the API that lies there."""
    return stored_key[len(PREFIX) :]


def below(prefix: bytes) -> tuple[bytes, bytes]:
    """The range in etcd, its end left out, of all keys of the API that begin with `prefix`."""
    return PREFIX + prefix, prefix_end(PREFIX + prefix)
