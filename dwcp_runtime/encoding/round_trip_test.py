import os
import random
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dwcp_runtime.encoding import zstd_frames
from dwcp_runtime.encoding.block_digest import digest, zero_digest
from dwcp_runtime.encoding.decoder import DecodeError, Refusal, decode
from dwcp_runtime.encoding.encoded import Codec
from dwcp_runtime.encoding.encoder import REFERENCES_ONLY, BlockEncoder
from dwcp_runtime.encoding.page_index import NOWHERE
from dwcp_runtime.encoding.page_operations import Operation
from dwcp_runtime.encoding.page_search import search
from dwcp_runtime.encoding.pages import PAGE, fingerprints

RANDOM = random.Random(7).randbytes(1 << 18)
TEXT = b"".join(b"%d lines of a log\n" % number for number in range(20000))


class Memory:
    """A baseline in memory, which finds pages by comparing fingerprints one by one."""

    def __init__(self, content):
        self.content = content
        self.last_shift = 0
        self._prints = fingerprints(memoryview(content))

    @property
    def size(self):
        return len(self.content)

    def read_into(self, offset, into):
        if offset < 0 or offset + len(into) > len(self.content):
            return False
        into[:] = self.content[offset : offset + len(into)]
        return True

    def find(self, wanted):
        places = {print_: place for place, print_ in reversed(list(enumerate(self._prints.tolist())))}
        return np.array([places.get(print_, NOWHERE) for print_ in wanted.tolist()], np.int64)


def restored(encoded, *, offset=0, baseline=None, resolve_known=None):
    into = bytearray(b"\xee" * encoded.raw_length)
    decode(
        encoded.codec,
        b"".join(encoded.parts),
        encoded.raw_length,
        memoryview(into),
        digest=encoded.digest,
        offset=offset,
        baseline=baseline,
        resolve_known=resolve_known,
    )
    return bytes(into)


def page(letter):
    return random.Random(letter).randbytes(PAGE)


def changed(content, seed=3, edits=40):
    edited = bytearray(content)
    chance = random.Random(seed)
    for _ in range(edits):
        at = chance.randrange(len(edited) - 8)
        edited[at : at + 8] = chance.randbytes(8)
    return bytes(edited)


@pytest.mark.parametrize(
    ("content", "level", "codec"),
    [
        (TEXT, 3, Codec.ZSTD),
        (TEXT, -5, Codec.ZSTD),
        (TEXT, None, Codec.RAW),
        (TEXT, REFERENCES_ONLY, Codec.RAW),
        (RANDOM, 3, Codec.RAW),
        (b"x", 3, Codec.RAW),
        (RANDOM[:PAGE] + bytes(20 * PAGE) + b"tail", REFERENCES_ONLY, Codec.PAGES),
    ],
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


def test_a_block_that_moved_within_the_baseline_costs_a_few_bytes():
    baseline = Memory(RANDOM)
    moved = RANDOM[17 * PAGE : 49 * PAGE]
    encoded = BlockEncoder().encode(memoryview(moved), offset=3 * PAGE, level=3, baseline=baseline)
    assert encoded.codec is Codec.PAGES
    assert encoded.body_length < 20
    assert restored(encoded, offset=3 * PAGE, baseline=baseline) == moved


def test_pages_changed_in_place_cost_what_was_changed():
    baseline = Memory(RANDOM)
    edited = changed(RANDOM)
    encoded = BlockEncoder().encode(memoryview(edited), offset=0, level=1, baseline=baseline)
    assert encoded.codec in (Codec.PAGES, Codec.PREFIX)
    assert encoded.body_length < 40 * 60
    assert restored(encoded, baseline=baseline) == edited


def test_a_block_of_which_every_page_was_changed_is_a_delta_to_the_same_range():
    baseline = Memory(page("before") + RANDOM)
    edited = bytearray(RANDOM)
    edited[::PAGE] = bytes(byte ^ 1 for byte in edited[::PAGE])
    encoded = BlockEncoder().encode(memoryview(edited), offset=PAGE, level=3, baseline=baseline)
    assert encoded.codec is Codec.PREFIX
    assert encoded.body_length < len(RANDOM) // 50
    assert restored(encoded, offset=PAGE, baseline=baseline) == edited


def test_a_block_of_which_every_page_was_changed_and_moved_is_a_delta_to_where_it_was():
    baseline = Memory(RANDOM)
    baseline.last_shift = 5
    edited = bytearray(RANDOM[9 * PAGE : 40 * PAGE])
    edited[::PAGE] = bytes(byte ^ 1 for byte in edited[::PAGE])
    encoded = BlockEncoder().encode(memoryview(edited), offset=4 * PAGE, level=3, baseline=baseline)
    assert encoded.codec is Codec.PAGES
    assert encoded.body_length < len(edited) // 50
    assert restored(encoded, offset=4 * PAGE, baseline=baseline) == edited


def test_references_are_only_made_to_a_peer_that_understands_them():
    baseline = Memory(RANDOM)
    content = RANDOM[: 8 * PAGE]
    plain = BlockEncoder(prefix=False, references=False)
    encoded = plain.encode(memoryview(content), offset=0, level=3, baseline=baseline, known=b"\xff")
    assert encoded.codec is Codec.RAW
    without_zstd = BlockEncoder(zstd=False, prefix=False, references=False, sparse=False)
    assert without_zstd.encode(memoryview(TEXT), offset=0, level=3).codec is Codec.RAW


def test_pages_that_the_receiver_knows_are_asked_of_it_and_the_rest_comes_along():
    content = b"".join(page(letter) for letter in "abcdefgh") + b"rest"
    encoded = BlockEncoder().encode(memoryview(content), offset=0, level=3, known=bytes([0b11100110]))
    asked = []

    def resolve(first, into):
        asked.append((first, len(into) // PAGE))
        into[:] = content[first * PAGE : first * PAGE + len(into)]
        return True

    assert encoded.body_length < 3 * PAGE + 40
    assert restored(encoded, resolve_known=resolve) == content
    assert asked == [(1, 2), (5, 3)]


def test_a_page_that_turns_out_to_be_another_one_is_noticed():
    content = page("a") + page("b")
    encoded = BlockEncoder().encode(memoryview(content), offset=0, level=3, known=b"\x01")

    def resolve(first, into):
        into[:] = page("z")
        return True

    with pytest.raises(DecodeError) as refused:
        restored(encoded, resolve_known=resolve)
    assert refused.value.reason is Refusal.DIGEST_MISMATCH


def refusal_of(codec, body, length=PAGE, **kwargs):
    with pytest.raises(DecodeError) as refused:
        decode(codec, body, length, memoryview(bytearray(PAGE)), digest=bytes(16), offset=0, **kwargs)
    return refused.value.reason


HUGE = b"\x28\xb5\x2f\xfd\xe0" + (1 << 62).to_bytes(8, "little") + os.urandom(16)
FRAME = b"".join(BlockEncoder().encode(memoryview(bytes(PAGE - 1) + b"x"), offset=0, level=3).parts)


@pytest.mark.parametrize(
    ("codec", "body", "length", "reason"),
    [
        (0, b"abcd", PAGE, Refusal.UNDECODABLE),
        (0, bytes(PAGE), PAGE, Refusal.DIGEST_MISMATCH),
        (0, bytes(PAGE), PAGE - 1, Refusal.UNDECODABLE),
        (1, HUGE, PAGE, Refusal.UNDECODABLE),
        (1, b"", PAGE, Refusal.UNDECODABLE),
        (1, FRAME, PAGE, Refusal.DIGEST_MISMATCH),
        (1, FRAME[:-1], PAGE, Refusal.UNDECODABLE),
        (1, FRAME + b"more", PAGE, Refusal.UNDECODABLE),
        (2, FRAME, PAGE, Refusal.NO_BASELINE),
        (3, b"\0\0\0\0\0\0\0\1\1", PAGE, Refusal.NO_BASELINE),
        (3, b"\0\0\0\0\0\0\0\1\2", PAGE, Refusal.UNKNOWN_REFERENCE),
        (3, b"\2\0\0\0\0\0\0\1\0", PAGE, Refusal.NO_BASELINE),
        (3, b"\0\0\0\0\0\0\0\1\0", PAGE, Refusal.UNDECODABLE),
        (3, b"\0\0\0\0\0\0\0\1\3x", PAGE, Refusal.UNDECODABLE),
        (4, b"", PAGE, Refusal.UNDECODABLE),
        (255, b"", PAGE, Refusal.UNDECODABLE),
    ],
)
def test_a_hostile_body_is_refused_with_the_reason_to_resend(codec, body, length, reason):
    assert refusal_of(codec, body, length) is reason


def test_a_frame_that_states_more_than_the_block_costs_no_memory():
    bomb = zstd_frames.compress(bytes(64 << 20), 1)
    assert len(bomb) < 1 << 14
    tracemalloc.start()
    try:
        assert refusal_of(1, bomb) is Refusal.UNDECODABLE
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_zeros_are_never_asked_of_the_baseline():
    content = memoryview(page("a") + bytes(PAGE) + page("b"))
    steps = search(content, 0, known=b"\xff", prints=None, baseline=Memory(bytes(content)))
    assert [step.operation for step in steps] == [Operation.BASELINE, Operation.ZERO, Operation.BASELINE]
    steps = search(content, 0, known=b"\xff", prints=None, baseline=None)
    assert [step.operation for step in steps] == [Operation.KNOWN, Operation.ZERO, Operation.KNOWN]


def test_a_page_beyond_the_baseline_is_an_unknown_reference():
    far = b"\0\0\0\0\0\0\0\2\x24\1"
    assert refusal_of(3, far, baseline=Memory(bytes(PAGE))) is Refusal.UNKNOWN_REFERENCE
    assert refusal_of(2, FRAME, baseline=Memory(b"")) is Refusal.NO_BASELINE


BODIES = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda form, before, after, operations, rest: (
            bytes([form, before, after, 0]) + len(operations).to_bytes(4, "big") + operations + rest
        ),
        st.integers(0, 2),
        st.integers(0, 255),
        st.integers(0, 255),
        st.binary(max_size=12),
        st.one_of(st.binary(max_size=64), st.just(FRAME)),
    ),
    st.binary(max_size=64).map(lambda rest: b"\x28\xb5\x2f\xfd" + rest),
)


@settings(deadline=None)
@given(codec=st.integers(0, 5), body=BODIES, length=st.integers(0, 3 * PAGE), with_baseline=st.booleans())
def test_any_body_is_refused_or_gives_what_its_digest_says(codec, body, length, with_baseline):
    into = bytearray(length)
    wanted = zero_digest(length)
    try:
        decode(
            codec,
            body,
            length,
            memoryview(into),
            digest=wanted,
            offset=PAGE,
            baseline=Memory(RANDOM[: 5 * PAGE + 9]) if with_baseline else None,
            resolve_known=lambda first, into: False,
        )
    except DecodeError:
        return
    assert digest(into) == wanted


LETTERS = st.sampled_from("abcdefgh0")
FILES = st.tuples(st.lists(LETTERS, max_size=24), st.integers(0, PAGE - 1))


def laid_out(file):
    letters, tail = file
    return b"".join(bytes(PAGE) if letter == "0" else page(letter) for letter in letters) + page("t")[:tail]


@settings(deadline=None)
@given(
    block=FILES.filter(lambda file: file[0] or file[1]),
    old=FILES,
    other=FILES,
    known=st.none() | st.binary(min_size=3, max_size=3),
    first=st.integers(0, 30),
    level=st.sampled_from([None, 0, -3, 1, 3, 6]),
    edits=st.integers(0, 3),
    shift=st.integers(-40, 40),
    sparse=st.booleans(),
)
def test_any_plan_decodes_to_the_source_and_a_wrong_baseline_never_to_another(
    block, old, other, known, first, level, edits, shift, sparse
):
    content = laid_out(block)
    if len(content) > 16:
        content = changed(content, seed=edits, edits=edits)
    baseline = Memory(laid_out(old))
    baseline.last_shift = shift
    encoder = BlockEncoder(sparse=sparse)
    encoded = encoder.encode(
        memoryview(content), offset=first * PAGE, level=level, known=known, baseline=baseline
    )
    assert encoded.body_length <= len(content)
    assert encoded.digest == digest(content)
    if encoded.codec is Codec.ZERO:
        assert not any(content)
        return

    def resolve(at, into):
        into[:] = content[at * PAGE : at * PAGE + len(into)]
        return True

    assert restored(encoded, offset=first * PAGE, baseline=baseline, resolve_known=resolve) == content
    try:
        got = restored(encoded, offset=first * PAGE, baseline=Memory(laid_out(other)), resolve_known=resolve)
    except DecodeError:
        return
    assert got == content


def test_threads_encode_and_restore_side_by_side():
    encoder = BlockEncoder()
    baseline = Memory(RANDOM)

    def there_and_back(seed):
        content = changed(RANDOM if seed % 2 else TEXT, seed)
        encoded = encoder.encode(memoryview(content), offset=0, level=3, baseline=baseline)
        return restored(encoded, baseline=baseline) == content

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(there_and_back, range(24)))
