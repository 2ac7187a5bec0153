"""The end of an etcd's write-ahead log, so that nothing of it is thrown away when it is started alone. Pure.

A write is acknowledged when a majority has it in their logs. That it is committed is written into a log only
with what comes next, and `--force-new-cluster` throws away what a log doesn't call committed: the last
acknowledged writes among it. So the log of a survivor is made to say that all of it is. What nobody ever
acknowledged may then appear, too, as after any other election.
"""

from __future__ import annotations

import struct
from typing import Final

from dwcp_runtime.consensus import write_ahead_log as log

_POLYNOMIAL: Final = 0x82F63B78
"""Of CRC-32C (RFC 3720, appendix B.4), reflected, which etcd's records carry on from one to the next."""

_CHECKED: Final = 64
"""Records at the end whose checksums are compared: a crash can have spoilt no others."""


class LogTailError(ValueError):
    """A segment that can't be gone on with."""


def all_committed(segment: bytes, *, last_index: int) -> bytes:
    """The last segment of a log, cut after its last sound record, with a record that everything up to
    `last_index` is committed. Raises LogTailError."""
    records = list(log.records(segment))
    for place in range(max(1, len(records) - _CHECKED), len(records)):
        before, record = records[place - 1], records[place]
        if crc32c(record.data, before.crc) != record.crc:
            records = records[:place]
            break
    if not records:
        raise LogTailError("its last segment holds no record")
    states = [dict(log.fields(each.data)) for each in records if each.kind == log.STATE]
    if not states:
        raise LogTailError("its last segment says nothing of the term")
    term, vote = log.number(states[-1], 1), log.number(states[-1], 2)
    state = _numbers({1: term, 2: vote, 3: last_index})
    end = records[-1]
    added = _numbers({1: log.STATE, 2: crc32c(state, end.crc)}) + b"\x1a" + _varint(len(state)) + state
    padding = -len(added) % 8
    head = len(added) | ((0x80 | padding) << 56 if padding else 0)
    kept = segment[: end.end].ljust(end.end, b"\0")
    return kept + struct.pack("<Q", head) + added + b"\0" * padding


def crc32c(data: bytes, before: int = 0) -> int:
    """The checksum of `data` after what `before` is the checksum of."""
    crc = before ^ 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def _numbers(values: dict[int, int]) -> bytes:
    return b"".join(_varint(field << 3) + _varint(value) for field, value in values.items())


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
