"""Whether to ask the receiver which pages of a block it knows: a question costs bytes and a round trip."""

from __future__ import annotations

from typing import Final

from dwcp_runtime.encoding.encoded import Encoded
from dwcp_runtime.encoding.pages import PAGE

FINGERPRINT_BYTES: Final = 8

_WORTH: Final = 8
_PATIENCE: Final = 32
_RARELY: Final = 32


class Asking:
    """Decides block by block, and asks less when the answers show that the receiver knows nothing of this
    file.

    The sender encodes a block without an answer first. Pure; not safe for several threads.
    """

    def __init__(self) -> None:
        self._fruitless = 0
        self._skipped = 0

    def worthwhile(self, encoded: Encoded) -> bool:
        """Whether to ask before `encoded` is sent. Not when its body is short beside the question, and after
        32 answers in a row without a known page only for one block in 32."""
        question = encoded.raw_length // PAGE * FINGERPRINT_BYTES
        if not question or encoded.body_length < _WORTH * question:
            return False
        if self._fruitless < _PATIENCE:
            return True
        self._skipped += 1
        if self._skipped < _RARELY:
            return False
        self._skipped = 0
        return True

    def answered(self, answer: bytes | memoryview) -> None:
        """Take note of the bitmap of an answer."""
        self._fruitless = 0 if any(answer) else self._fruitless + 1
