"""From frames to bytes: the header, its tag, the payload."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, TypeAlias

import xxhash

from dwcp_runtime.transport.frames import U16, BlockHeader, Frame
from dwcp_runtime.transport.payloads import LAYOUTS, pack_block_header

BytesLike: TypeAlias = bytes | bytearray | memoryview

COVERED: Final = struct.Struct(">BBHI")
"""The part of the header that seeds the tag: type, flags, stream, length."""

TAG: Final = struct.Struct(">Q")


def tag_of(covered: BytesLike, payload: BytesLike) -> bytes:
    """xxh3_64 of the payload, seeded with the first eight bytes of the header: it covers both."""
    return TAG.pack(xxhash.xxh3_64_intdigest(payload, seed=int.from_bytes(covered, "big")))


def encode(frame: Frame, stream: int = 0) -> bytes:
    """The whole frame as bytes, for the connection of `stream` (0 is the control connection)."""
    payload = LAYOUTS[frame.TYPE].pack(frame)
    covered = _covered(frame.TYPE, stream, len(payload))
    return covered + tag_of(covered, payload) + payload


def encode_block(stream: int, header: BlockHeader, parts: Sequence[BytesLike]) -> bytes:
    """The first 48 bytes of a BLOCK; the caller sends them and then `parts`, unchanged and uncopied.

    Raises `ValueError` if `parts` together are longer than `header.raw_length`, empty, or for RAW not
    exactly that long.
    """
    views = [memoryview(part) for part in parts]
    length = sum([view.nbytes for view in views])
    header.check_body(length)
    head = pack_block_header(header)
    covered = _covered(header.TYPE, stream, len(head) + length)
    tag = xxhash.xxh3_64(head, seed=int.from_bytes(covered, "big"))
    for view in views:
        tag.update(view)
    return b"".join((covered, TAG.pack(tag.intdigest()), head))


def _covered(kind: int, stream: int, length: int) -> bytes:
    if not 0 <= stream <= U16:
        raise ValueError(f"stream is {stream}, allowed is 0..{U16}")
    return COVERED.pack(kind, 0, stream, length)
