"""The cheapest form of a block, chosen by trying in an order that stops early."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from dwcp_runtime.encoding import page_operations, zstd_frames
from dwcp_runtime.encoding.block_digest import digest as digest_of
from dwcp_runtime.encoding.block_digest import zero_digest
from dwcp_runtime.encoding.encoded import Codec, Encoded
from dwcp_runtime.encoding.page_operations import BadOperationsError, Literals, Operation, Step
from dwcp_runtime.encoding.pages import PAGE, is_zero

if TYPE_CHECKING:
    from dwcp_runtime.encoding.page_search import Searchable
    from dwcp_runtime.encoding.pages import Fingerprints

Form: TypeAlias = tuple[Codec, tuple[bytes | memoryview, ...]]

REFERENCES_ONLY: Final = 0
"""The level at which zeros and references are looked for, and the rest is sent as it is."""

_NEW_RUN: Final = 2
"""Literals in runs of this many pages on average are taken for new content, shorter ones for pages changed in
place."""
_MARGIN: Final = 4
"""Pages by which the shadow of new content reaches beyond it: what is inserted into a file moves the rest of
it a little."""
_LEAST_LEVEL: Final = 3
"""Of an image of 1.5 GiB with four packages added to its baseline, level 1 sends 120.3 MB at 468 MB/s of one
core, level 3 sends 114.2 MB at 443 MB/s."""

_EXTRA_LEVELS: Final = 3
_FASTEST: Final = 1
_SAMPLES: Final = 16
_SAMPLE_BYTES: Final = 1024
_WORTH: Final = 0.97
"""A compressed form is sent when it is smaller than this share of its source: less saves no time."""


class BlockEncoder:
    """Encodes blocks in the forms that both peers speak. Safe to call from several threads at once.

    `zstd`, `prefix`, `references` and `sparse` are the capabilities of those names: compressed blocks, deltas
    to a baseline, pages that the receiver has said it knows, and blocks of zeros without a body. `ceiling` is
    the highest zstd level that may be used, however little of a block is left to compress.
    """

    def __init__(
        self,
        *,
        zstd: bool = True,
        prefix: bool = True,
        references: bool = True,
        sparse: bool = True,
        ceiling: int = 9,
    ) -> None:
        self._zstd = zstd
        self._prefix = prefix
        self._references = references
        self._sparse = sparse
        self._ceiling = ceiling

    def encode(
        self,
        raw: memoryview,
        *,
        offset: int,
        level: int | None,
        known: bytes | memoryview | None = None,
        fingerprints: Fingerprints | None = None,
        baseline: Searchable | None = None,
    ) -> Encoded:
        """The block `raw` that begins at `offset` bytes of the file, in its cheapest form: never longer than
        raw.

        `level` is the zstd level; REFERENCES_ONLY compresses nothing; None sends the block raw with nothing
        tried but whether it is all zeros. `known` is the receiver's answer for this block: bit `i`, lowest
        bit of a byte first, says that it has page `i`. `fingerprints` are those of the block's pages where
        the caller has them already. `baseline` is one that the receiver has too. `offset` is a multiple of a
        page. Parts of the result may be views of `raw`.
        """
        zero = is_zero(raw)
        digest = zero_digest(len(raw)) if zero else digest_of(raw)
        if zero and self._sparse:
            return Encoded(codec=Codec.ZERO, raw_length=len(raw), digest=digest, parts=())
        codec: Codec = Codec.RAW
        parts: tuple[bytes | memoryview, ...] = (raw,)
        if level is not None:
            found = self._form(
                raw,
                offset // PAGE,
                level if self._zstd else REFERENCES_ONLY,
                known if self._references else None,
                fingerprints,
                baseline if self._prefix else None,
            )
            if found is not None and sum(len(part) for part in found[1]) < len(raw):
                codec, parts = found
        return Encoded(codec=codec, raw_length=len(raw), digest=digest, parts=parts)

    def _form(
        self,
        raw: memoryview,
        first: int,
        level: int,
        known: bytes | memoryview | None,
        prints: Fingerprints | None,
        baseline: Searchable | None,
    ) -> Form | None:
        if known is None and baseline is None and (level or not (self._prefix or self._references)):
            return _plain(raw, level)
        # Here, for whoever has neither a baseline nor answers: the search brings numpy along.
        from dwcp_runtime.encoding.page_search import search

        steps = search(raw, first, known=known, prints=prints, baseline=baseline)
        if all(step.operation is Operation.LITERAL for step in steps) and (baseline is None or not level):
            return _plain(raw, level)
        return _paged(raw, first, level, self._ceiling, steps, baseline)


def _plain(raw: memoryview, level: int) -> Form | None:
    body = _compressed(raw, level)
    return None if body is None else (Codec.ZSTD, (body,))


def _paged(
    raw: memoryview, first: int, level: int, ceiling: int, steps: Sequence[Step], baseline: Searchable | None
) -> Form:
    literals = _literals(raw, steps)
    if not level or not len(literals):
        return Codec.PAGES, (page_operations.pack(steps, first, Literals.RAW, 0, 0), literals)
    # Searching a block takes as long as compressing what is left of it: below this level little is saved.
    level = max(level, min(ceiling, _LEAST_LEVEL))
    runs = [step.count for step in steps if step.operation is Operation.LITERAL]
    new = sum(runs) >= _NEW_RUN * len(runs)
    # What is left of a block that is mostly references is little: a higher level costs little there. Pages
    # changed in place gain nothing by it, their old content is at hand.
    if new and 2 * len(literals) <= len(raw):
        level = max(level, min(ceiling, level + _EXTRA_LEVELS))
    before, after = (_MARGIN, _MARGIN) if new and len(steps) > 1 else (0, 0)
    prefix = None if baseline is None else _shadow(steps, baseline, before, after, len(raw))
    if prefix is None or len(prefix) < zstd_frames.SHORTEST_PREFIX:
        body = _compressed(literals, level)
        form = Literals.ZSTD
    else:
        # Content that looks random may still be old content that moved; the fastest level finds that too.
        frame = zstd_frames.compress_with_prefix(
            literals, prefix, _FASTEST if _looks_random(literals) else level
        )
        # PREFIX names no range: it is the block's own. The shadow of a last block may be another one.
        same = min(len(raw), baseline.size - first * PAGE) if baseline is not None else 0
        if len(steps) == 1 and steps[0].cursor == first and len(prefix) == same:
            return Codec.PREFIX, (frame,)
        body = frame if len(frame) < len(literals) * _WORTH else None
        form = Literals.SHADOW
    if body is None:
        return Codec.PAGES, (page_operations.pack(steps, first, Literals.RAW, 0, 0), literals)
    return Codec.PAGES, (page_operations.pack(steps, first, form, before, after), body)


def _literals(raw: memoryview, steps: Sequence[Step]) -> memoryview:
    if len(steps) == 1 and steps[0].operation is Operation.LITERAL:
        return raw
    pieces: list[memoryview] = []
    at = 0
    for step in steps:
        end = at + step.count * PAGE
        if step.operation is Operation.LITERAL:
            pieces.append(raw[at:end])
        at = end
    pieces.append(raw[at:])
    return memoryview(b"".join(pieces))


def _shadow(
    steps: Sequence[Step], baseline: Searchable, before: int, after: int, raw_length: int
) -> bytes | None:
    """The prefix of the literals, or None when there is none to be had."""
    try:
        ranges = page_operations.shadow(
            steps, before, after, baseline.size, page_operations.shadow_limit(raw_length)
        )
    except BadOperationsError:
        return None
    prefix = bytearray(sum(length for _, length in ranges))
    view = memoryview(prefix)
    for offset, length in ranges:
        if not baseline.read_into(offset, view[:length]):
            return None
        view = view[length:]
    return bytes(prefix)


def _compressed(raw: memoryview, level: int) -> bytes | None:
    """`raw` as a frame, or None when that is not worth it."""
    if not level or _looks_random(raw):
        return None
    body = zstd_frames.compress(raw, level)
    return body if len(body) < len(raw) * _WORTH else None


def _looks_random(raw: memoryview) -> bool:
    """Whether a few samples, compressed together at a fast level, gain nothing."""
    if len(raw) <= 4 * _SAMPLES * _SAMPLE_BYTES:
        return False
    step = len(raw) // _SAMPLES
    sample = b"".join(raw[start : start + _SAMPLE_BYTES] for start in range(0, step * _SAMPLES, step))
    return len(zstd_frames.compress(sample, 1)) >= len(sample) * _WORTH
