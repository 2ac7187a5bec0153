"""The token that allows to start and cancel transfers over the network."""

from __future__ import annotations

from pathlib import Path

from dwcp_runtime.network.admin_access import SHORTEST_TOKEN

_LONGEST = 4096


class TokenFileError(Exception):
    """A token file that cannot be used. The text never holds what is in it."""


def read_token(path: Path) -> str:
    """The token in a file: its only line. Raises TokenFileError."""
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
    except OSError as error:
        raise TokenFileError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from None
    try:
        token = data.decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    if not SHORTEST_TOKEN <= len(token) <= _LONGEST or not all("!" <= letter <= "~" for letter in token):
        raise TokenFileError(
            f"{path}: holds no token; allowed: one line of {SHORTEST_TOKEN} to {_LONGEST} ASCII characters "
            "without spaces, as `openssl rand -hex 32` makes"
        )
    return token
