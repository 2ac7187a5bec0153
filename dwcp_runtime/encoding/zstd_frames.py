"""zstd frames of one block: made and read with contexts that each thread keeps for itself.

Two bindings, each where it was measured to be faster. Plain frames: python-zstandard, whose contexts are
used again. Frames with a prefix are made by backports.zstd, which can refer to the prefix where the other
binding digests it as a dictionary (2 to 3 times slower), and read by python-zstandard (half the time).
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Final

import zstandard
from backports import zstd as prefixing

MAX_WINDOW: Final = 1 << 27
"""Largest window in bytes that a frame may ask of the reader; zstd's own default limit."""

_PREFIX_HASH_LOG: Final = 17
"""Smallest hash table (log2 of its entries) beside a prefix of a mebibyte. Smaller ones, which the fast
levels would take, forget the prefix before the block is read and find almost nothing in it."""


class BadFrameError(ValueError):
    """Bytes that are no zstd frame of the stated length."""


class _Contexts(threading.local):
    def __init__(self) -> None:
        self.compressors: dict[int, zstandard.ZstdCompressor] = {}
        self.decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)


_contexts = _Contexts()


def compress(data: bytes | memoryview, level: int) -> bytes:
    """One frame of `data` at zstd `level` (negative levels are the fastest); it states its content's size."""
    compressor = _contexts.compressors.get(level)
    if compressor is None:
        compressor = zstandard.ZstdCompressor(level=level, write_checksum=False, write_content_size=True)
        _contexts.compressors[level] = compressor
    return compressor.compress(data)


@lru_cache(maxsize=256)
def _prefix_options(level: int, reach: int) -> dict[int, int]:
    log = max(_PREFIX_HASH_LOG, reach.bit_length() - 4)
    window = max(17, (reach - 1).bit_length())
    options = {
        prefixing.CompressionParameter.compression_level: level,
        prefixing.CompressionParameter.window_log: min(window, 27),
    }
    if level < 3:
        options[prefixing.CompressionParameter.hash_log] = min(log, 22)
    return {int(key): value for key, value in options.items()}


SHORTEST_PREFIX: Final = 8
"""Bytes below which zstd takes nothing for a prefix."""


def compress_with_prefix(data: bytes | memoryview, prefix: bytes | memoryview, level: int) -> bytes:
    """One frame of `data` that may point into `prefix`, which the reader must have byte for byte. The
    prefix has at least SHORTEST_PREFIX bytes."""
    dictionary = prefixing.ZstdDict(prefix, is_raw=True)
    return prefixing.compress(
        data, options=_prefix_options(level, len(data) + len(prefix)), zstd_dict=dictionary.as_prefix
    )


def decompress_into(
    body: bytes | memoryview, into: memoryview, prefix: bytes | memoryview | None = None
) -> None:
    """Restore exactly `len(into)` bytes from the one frame in `body`.

    Raises BadFrameError for anything else; what `into` then holds is undefined. The size that the frame
    states is checked before memory is taken for it.
    """
    try:
        stated = zstandard.get_frame_parameters(body)
        if stated.content_size != len(into):
            raise BadFrameError(f"a frame of {stated.content_size} bytes where {len(into)} are due")
        if stated.window_size > MAX_WINDOW:
            raise BadFrameError(f"a window of {stated.window_size} bytes; at most {MAX_WINDOW} are allowed")
        if prefix is None:
            decompressor = _contexts.decompressor
        else:
            dictionary = zstandard.ZstdCompressionDict(prefix, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
            decompressor = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=MAX_WINDOW)
        content = decompressor.decompress(body, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise BadFrameError(str(error)) from None
    if len(content) != len(into):
        raise BadFrameError(f"a frame of {len(content)} bytes where {len(into)} are due")
    into[:] = content
