import os
import random

import pytest

from dwcp_runtime.encoding.block_digest import digest, zero_digest
from dwcp_runtime.encoding.decoder import DecodeError, Refusal, decode
from dwcp_runtime.encoding.encoded import Codec
from dwcp_runtime.encoding.encoder import BlockEncoder

RANDOM = random.Random(7).randbytes(1 << 16)
TEXT = b"".join(b"%d lines of a log\n" % number for number in range(5000))


def restored(encoded, offset=0):
    into = bytearray(encoded.raw_length)
    decode(
        encoded.codec,
        b"".join(encoded.parts),
        encoded.raw_length,
        memoryview(into),
        digest=encoded.digest,
        offset=offset,
    )
    return bytes(into)


@pytest.mark.parametrize(
    ("content", "level", "codec"),
    [(TEXT, 3, Codec.ZSTD), (TEXT, None, Codec.RAW), (RANDOM, 3, Codec.RAW), (b"x", 3, Codec.RAW)],
)
def test_a_block_is_restored_from_the_form_that_suits_it(content, level, codec):
    encoded = BlockEncoder().encode(memoryview(content), offset=0, level=level)
    assert encoded.codec is codec
    assert encoded.body_length <= len(content)
    assert restored(encoded) == content


def test_a_block_of_zeros_has_no_body_when_both_peers_know_runs_of_zeros():
    zeros = memoryview(bytes(1 << 16))
    assert BlockEncoder().encode(zeros, offset=0, level=None).codec is Codec.ZERO
    sent = BlockEncoder(sparse=False).encode(zeros, offset=0, level=1)
    assert sent.codec is Codec.ZSTD
    assert sent.digest == zero_digest(1 << 16) == digest(zeros)
    assert restored(sent) == zeros


def test_another_block_than_the_digest_says_is_refused():
    with pytest.raises(DecodeError) as refused:
        decode(0, b"abcd", 4, memoryview(bytearray(4)), digest=digest(b"abce"), offset=0)
    assert refused.value.reason is Refusal.DIGEST_MISMATCH


def test_a_frame_that_states_a_huge_size_is_refused_before_memory_is_taken():
    huge = b"\x28\xb5\x2f\xfd\xe0" + (1 << 62).to_bytes(8, "little") + os.urandom(16)
    with pytest.raises(DecodeError) as refused:
        decode(1, huge, 4096, memoryview(bytearray(4096)), digest=bytes(16), offset=0)
    assert refused.value.reason is Refusal.UNDECODABLE
