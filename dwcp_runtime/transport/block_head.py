"""The frame in which an encoded block travels."""

from __future__ import annotations

from dwcp_runtime.encoding.encoded import Codec, Encoded
from dwcp_runtime.transport.frame_codec import encode, encode_block
from dwcp_runtime.transport.frames import BlockHeader, Zeros
from dwcp_runtime.transport.frames import Codec as WireCodec


def block_head(stream: int, start: int, count: int, encoded: Encoded) -> bytes:
    """What goes before `encoded.parts`: all of a ZEROS frame of `count` blocks, or the head of the BLOCK of
    one."""
    if encoded.codec is Codec.ZERO:
        return encode(Zeros(start=start, count=count), stream)
    return encode_block(
        stream,
        BlockHeader(
            index=start,
            codec=WireCodec(encoded.codec),
            raw_length=encoded.raw_length,
            digest=encoded.digest,
        ),
        encoded.parts,
    )
