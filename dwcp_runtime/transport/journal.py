"""The journal of a stage: which blocks are on disk, and what they contain. Bytes in and out, no I/O.

A header says what is being received; records are appended after the blocks' bytes were synced. A record that
a crash cut short, and all that follows it, counts for nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import xxhash

_MAGIC: Final = b"DWCPJRN1"
_HEADER: Final = struct.Struct(">8s16sQI32sQ")
_RECORD: Final = struct.Struct(">QQ16sQ")
HEADER_SIZE: Final = _HEADER.size
RECORD_SIZE: Final = _RECORD.size


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a stage is of: the transfer's id, the file's size and block size in bytes, the hash of its
    name."""

    transfer: bytes
    size: int
    block_size: int
    name_hash: bytes


@dataclass(frozen=True, kw_only=True)
class Record:
    """`count` blocks from `start` on that are durable, all with the content of `digest`."""

    start: int
    count: int
    digest: bytes


def header(stage: Stage) -> bytes:
    """The first bytes of a journal."""
    body = _HEADER.pack(_MAGIC, stage.transfer, stage.size, stage.block_size, stage.name_hash, 0)[:-8]
    return body + xxhash.xxh3_64_digest(body)


def record(entry: Record) -> bytes:
    """One appended record, guarded by a hash of its own."""
    body = _RECORD.pack(entry.start, entry.count, entry.digest, 0)[:-8]
    return body + xxhash.xxh3_64_digest(body)


def read_header(data: bytes) -> Stage | None:
    """What a journal is of; None if it was never completely written or is damaged."""
    if len(data) < HEADER_SIZE:
        return None
    magic, transfer, size, block_size, name_hash, _ = _HEADER.unpack_from(data)
    if (
        magic != _MAGIC
        or xxhash.xxh3_64_digest(data[: HEADER_SIZE - 8]) != data[HEADER_SIZE - 8 : HEADER_SIZE]
    ):
        return None
    return Stage(transfer=transfer, size=size, block_size=block_size, name_hash=name_hash)


def read_records(data: bytes, *, blocks: int) -> Iterator[Record]:
    """The records after the header, up to the first that is cut, damaged or not within `blocks`."""
    for offset in range(HEADER_SIZE, len(data) - RECORD_SIZE + 1, RECORD_SIZE):
        whole = data[offset : offset + RECORD_SIZE]
        if xxhash.xxh3_64_digest(whole[:-8]) != whole[-8:]:
            return
        start, count, digest, _ = _RECORD.unpack(whole)
        if count == 0 or start + count > blocks:
            return
        yield Record(start=start, count=count, digest=digest)
