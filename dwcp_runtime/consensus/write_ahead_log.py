"""How far an etcd's write-ahead log goes, read from its files while no etcd runs on them. Pure.

The format is etcd's (server/storage/wal): frames of an 8-byte little-endian length, whose top byte tells the
padding, around protobuf records {1: type, 2: crc, 3: data}; entries are raft's {2: term, 3: index}. Checksums
are not compared: etcd does that when it starts, and what is read here only ranks survivors.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

ENTRY: Final = 2
STATE: Final = 3
SNAPSHOT: Final = 5
_PADDED: Final = 0x80


@dataclass(frozen=True, kw_only=True)
class LogEnd:
    """The last entry, and the index up to which the member knew that entries are committed."""

    term: int = 0
    index: int = 0
    committed: int = 0


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record. `crc` goes on from the record before it; `end` is where the next one begins."""

    kind: int
    crc: int
    data: bytes
    end: int


def end_of(segments: Iterable[bytes]) -> LogEnd:
    """The end of a log whose segments, oldest first, are given. It may begin in the middle; a frame that is
    cut short or no frame ends it, as a crash leaves it."""
    term = index = committed = 0
    for segment in segments:
        for record in records(segment):
            found = dict(fields(record.data)) if record.kind in (ENTRY, STATE, SNAPSHOT) else {}
            if record.kind == ENTRY:
                term, index = number(found, 2), number(found, 3)
            elif record.kind == STATE:
                committed = max(committed, number(found, 3))
            elif record.kind == SNAPSHOT and number(found, 1) > index:
                index, term = number(found, 1), number(found, 2)
    return LogEnd(term=term, index=index, committed=committed)


def records(segment: bytes) -> Iterator[Record]:
    """The records of a segment, up to its first frame that is none."""
    place = 0
    while place + 8 <= len(segment):
        (head,) = struct.unpack_from("<Q", segment, place)
        flags, length = head >> 56, head & ((1 << 56) - 1)
        padding = flags & 7 if flags & _PADDED else 0
        end = place + 8 + length
        if length == 0 or end > len(segment):
            return
        found = dict(fields(segment[place + 8 : end]))
        data = found.get(3, b"")
        place = end + padding
        yield Record(
            kind=number(found, 1),
            crc=number(found, 2),
            data=data if isinstance(data, bytes) else b"",
            end=place,
        )


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message by number; it ends at what is none."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(message, place)
            yield key >> 3, value
        elif kind == 2:
            length, place = _varint(message, place)
            yield key >> 3, message[place : place + length]
            place += length
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        else:
            return


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message):
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return value, place


def number(message: dict[int, int | bytes], field: int) -> int:
    """A numeric field; 0 where it is left out."""
    value = message.get(field, 0)
    return value if isinstance(value, int) else 0
