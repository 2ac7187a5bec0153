"""A block as it travels, and the names of the forms it may take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Codec(IntEnum):
    """How the body of a block gives its content. The numbers are those of the wire."""

    RAW = 0
    """The content itself."""
    ZSTD = 1
    """One zstd frame."""
    PREFIX = 2
    """One zstd frame, with the baseline's bytes of the same range as its prefix."""
    PAGES = 3
    """Page operations, then literals: docs/hde-pages.md."""
    ZERO = 4
    """All zeros and no body. Never in a block's frame: such blocks travel as runs."""

    @property
    def label(self) -> str:
        """The name in metrics and progress: `raw`, `zstd`, `prefix`, `pages` or `zero`."""
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A block ready to be sent. `parts` in order are its body; they may be views of the buffer that was
    encoded, which therefore stays untouched until they are written. `digest` is that of the decoded content,
    `raw_length` its length in bytes."""

    codec: Codec
    raw_length: int
    digest: bytes
    parts: tuple[bytes | memoryview, ...]

    @property
    def body_length(self) -> int:
        """Bytes of the body."""
        return sum(len(part) for part in self.parts)
