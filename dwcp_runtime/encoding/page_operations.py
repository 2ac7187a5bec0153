"""The body of a PAGES block: operations that say where each page comes from, and the pages that come along.

Bytes in, operations out, and back; docs/hde-pages.md describes the layout. Nothing is read from files here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from dwcp_runtime.encoding.pages import PAGE


class Operation(IntEnum):
    """What one operation gives. `SEEK` moves the baseline cursor; the others give pages and move it along."""

    LITERAL = 0
    BASELINE = 1
    KNOWN = 2
    ZERO = 3
    SEEK = 4


class Literals(IntEnum):
    """How the literals are held: as they are, in a zstd frame, or in one whose prefix is their shadow."""

    RAW = 0
    ZSTD = 1
    SHADOW = 2


MAX_OPERATIONS: Final = 8192
"""Most operations of a block: two for each page of the largest one, with as many seeks."""

_SHADOW_MARGIN = 1 << 20

_HEADER = struct.Struct(">BBBBI")
_SHORT = 31
_FURTHEST = 1 << 40


class BadOperationsError(ValueError):
    """A PAGES body that describes no block of the stated length."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """`count` pages of the block by one operation; never a seek. `cursor` is the page of the baseline that
    the first of them would have if the last reference was followed on."""

    operation: Operation
    count: int
    cursor: int


@dataclass(frozen=True, kw_only=True)
class PageBody:
    """A PAGES body in parts. `steps` give the full pages of the block in order; `content` holds its literal
    pages and then the rest of the block after the last full page, in the form `literals`. `before` and
    `after` are the pages by which a shadow reaches beyond its literals."""

    steps: Sequence[Step]
    literals: Literals
    before: int
    after: int
    content: bytes | memoryview


def pack(steps: Iterable[Step], first: int, literals: Literals, before: int, after: int) -> bytes:
    """Everything of a body before its literals. `first` is the number of the block's first page in the file,
    where the cursor begins."""
    operations = bytearray()
    cursor = first
    for step in steps:
        if step.cursor != cursor:
            away = step.cursor - cursor
            _put(operations, Operation.SEEK, away * 2 if away >= 0 else -away * 2 - 1)
        _put(operations, step.operation, step.count - 1)
        cursor = step.cursor + step.count
    return _HEADER.pack(literals, before, after, 0, len(operations)) + operations


def unpack(body: memoryview, raw_length: int, first: int) -> PageBody:
    """The parts of a body for a block of `raw_length` bytes whose first page has the number `first` in the
    file. Raises BadOperationsError unless the steps give exactly the full pages of the block."""
    if len(body) < _HEADER.size:
        raise BadOperationsError(f"{len(body)} bytes are too few for page operations")
    literals, before, after, reserved, length = _HEADER.unpack_from(body)
    if literals > Literals.SHADOW or reserved:
        raise BadOperationsError(f"literals of form {literals} (reserved byte {reserved}) are unknown")
    end = _HEADER.size + length
    if end > len(body):
        raise BadOperationsError(f"{length} bytes of operations in a body of {len(body)}")
    steps: list[Step] = []
    cursor = first
    left = raw_length // PAGE
    at = _HEADER.size
    seen = 0
    while at < end:
        kind, value, at = _take(body, at, end)
        seen += 1
        if seen > MAX_OPERATIONS:
            raise BadOperationsError(f"more than {MAX_OPERATIONS} operations")
        if kind == Operation.SEEK:
            cursor += -(value + 1) // 2 if value & 1 else value // 2
            if not 0 <= cursor <= _FURTHEST:
                raise BadOperationsError(f"a seek to page {cursor}")
            continue
        if kind > Operation.SEEK:
            raise BadOperationsError(f"operation {kind} is unknown")
        count = value + 1
        if count > left:
            raise BadOperationsError(f"{count} pages where {left} are left in the block")
        steps.append(Step(operation=Operation(kind), count=count, cursor=cursor))
        cursor += count
        left -= count
    if left:
        raise BadOperationsError(f"the operations leave {left} pages of the block open")
    return PageBody(steps=steps, literals=Literals(literals), before=before, after=after, content=body[end:])


def shadow_limit(raw_length: int) -> int:
    """Most bytes of the shadow of a block of `raw_length`: twice the block and a mebibyte, so that a body of
    a few bytes can't make the receiver read for long."""
    return 2 * raw_length + _SHADOW_MARGIN


def shadow(steps: Iterable[Step], before: int, after: int, size: int, limit: int) -> list[tuple[int, int]]:
    """Where the literals lie in the baseline if nothing moved: `(offset, length)` in bytes, ascending and
    apart, cut off at its `size`. For each literal step from the cursor, `before` pages less to `after` more.

    The frame of the literals has the concatenation of these ranges as its prefix. Raises BadOperationsError
    when they exceed `limit` bytes.
    """
    wanted = sorted(
        (max(0, step.cursor - before) * PAGE, min(size, (step.cursor + step.count + after) * PAGE))
        for step in steps
        if step.operation is Operation.LITERAL
    )
    ranges: list[tuple[int, int]] = []
    for start, end in wanted:
        if start >= end:
            continue
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
        else:
            ranges.append((start, end))
    total = sum(end - start for start, end in ranges)
    if total > limit:
        raise BadOperationsError(f"a shadow of {total} bytes; at most {limit} are allowed")
    return [(start, end - start) for start, end in ranges]


def _put(operations: bytearray, kind: Operation, value: int) -> None:
    if value < _SHORT:
        operations.append(value << 3 | kind)
        return
    operations.append(_SHORT << 3 | kind)
    value -= _SHORT
    while value > 0x7F:
        operations.append(value & 0x7F | 0x80)
        value >>= 7
    operations.append(value)


def _take(body: memoryview, at: int, end: int) -> tuple[int, int, int]:
    kind, value = body[at] & 7, body[at] >> 3
    at += 1
    if value < _SHORT:
        return kind, value, at
    for shift in range(0, 49, 7):
        if at >= end:
            raise BadOperationsError("the last operation is cut")
        byte = body[at]
        at += 1
        value += (byte & 0x7F) << shift
        if byte < 0x80:
            return kind, value, at
    raise BadOperationsError("a number of more than 49 bits")
