import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.encoding.pages import PAGE, ZERO_FINGERPRINT, fingerprints, is_zero, zero_pages


def test_only_full_pages_have_a_fingerprint():
    block = b"a" * PAGE + bytes(PAGE) + b"tail"
    assert fingerprints(memoryview(block)).tolist() == [
        xxhash.xxh3_64_intdigest(b"a" * PAGE),
        ZERO_FINGERPRINT,
    ]
    assert fingerprints(memoryview(b"short")).tolist() == []


@pytest.mark.parametrize("at", [0, 7, 8, PAGE - 1, PAGE, 2 * PAGE - 1])
def test_a_single_byte_anywhere_makes_a_page_other_than_zero(at):
    block = bytearray(2 * PAGE)
    block[at] = 1
    assert zero_pages(memoryview(block)).tolist() == [at >= PAGE, at < PAGE]
    assert not is_zero(memoryview(block))


@given(length=st.integers(0, 40), at=st.integers(0, 39))
def test_zeros_are_told_at_lengths_that_are_no_multiple_of_a_word(length, at):
    block = bytearray(length)
    assert is_zero(memoryview(block))
    if at < length:
        block[at] = 1
        assert not is_zero(memoryview(block))
