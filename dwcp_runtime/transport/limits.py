"""Every bound of the wire, in one place, each with its reason. Sizes are bytes."""

from __future__ import annotations

from typing import Final

HEADER: Final = 16
"""Frame header: type u8, flags u8, stream u16, length u32, tag u64."""

PREAMBLE: Final = 8
"""Magic and versions. Never changes, so that every version can refuse every other one in words."""

BLOCK_HEADER: Final = 32
"""What a BLOCK carries before its body. Nothing else is added: RAW is always possible, so no body is longer
than its decoded content, and a buffer of one block holds any body."""

PAGE: Final = 4096
"""Unit of references and fingerprints: the page of guests and the usual cluster of image formats."""

MIN_BLOCK: Final = 64 * 1024
"""Below it, headers and per-block work outweigh the data."""

MAX_BLOCK: Final = 8 * 1024 * 1024
"""Above it, a lost stream costs too much and buffers of 512 streams no longer fit a node."""

DEFAULT_BLOCK: Final = 1024 * 1024
"""Large enough for zstd's window at low levels, small enough to spread over streams."""

MAX_STREAMS: Final = 512
"""Data connections of one transfer; the ceiling of `amst.maxStreams`."""

MAX_INDEX: Final = 2**63 - 1
"""Sizes, block indexes, and ends of runs: what a signed 64-bit file offset can hold."""

ID: Final = 16
"""Transfer ids and tokens: 128 random bits cannot be guessed."""

DIGEST: Final = 16
"""Block digest: the first 16 bytes of BLAKE3, enough against accident and collision search at this scale."""

ROOT: Final = 32
"""Root and baseline digests: full BLAKE3-256, the last word on what arrived."""

MAX_AGENT: Final = 64
"""Agent text of HELLO. A stranger sends it before anyone knows them, so it is short."""

MAX_NAME: Final = 1024
"""UTF-8 name of the file; no path component may exceed 255 on common file systems anyway."""

MAX_MODE: Final = 0o777
"""Permission bits; set-user-id, set-group-id and sticky never travel."""

MAX_MESSAGE: Final = 1024
"""UTF-8 message of ERROR: a sentence, not a log."""

MAX_ENTRIES: Final = 4096
"""Entries of HAVE and runs of DURABLE in a frame: at most 96 KiB to buffer."""

MAX_FINGERPRINTS: Final = MAX_BLOCK // PAGE
"""Page fingerprints in a QUERY: those of one block of the largest size."""
