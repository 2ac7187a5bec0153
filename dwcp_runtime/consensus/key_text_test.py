import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dwcp_runtime.consensus import group_keys
from dwcp_runtime.consensus.gateway_text import prefix_end
from dwcp_runtime.consensus.key_text import (
    MOST_KEY_BYTES,
    PREFIX,
    BadKeyError,
    below,
    decode,
    encode,
    stored,
    told,
)


@given(st.binary(max_size=64))
def test_every_key_survives_its_way_through_a_path(key: bytes):
    assert decode(encode(key)) == key
    assert told(stored(key)) == key


@given(st.binary(max_size=64))
@example(b"a/../b")
@example(b".")
def test_no_client_would_resolve_a_part_of_an_encoded_key(key: bytes):
    assert not {".", ".."} & set(encode(key).split("/"))


@given(st.binary(max_size=64))
def test_no_range_of_the_api_reaches_beyond_its_own_keys(prefix: bytes):
    start, end = below(prefix)
    assert start >= PREFIX
    assert end <= prefix_end(PREFIX)
    reserved = group_keys.PREFIX
    assert prefix_end(reserved) <= start or reserved >= end


@given(st.binary(max_size=8), st.binary(max_size=8))
@example(b"a", b"a\xff\xff")
@example(b"\xff", b"\xff\xff")
def test_a_range_holds_exactly_the_keys_that_begin_so(prefix: bytes, key: bytes):
    start, end = below(prefix)
    assert (start <= stored(key) < end) == key.startswith(prefix)


@pytest.mark.parametrize("text", ["%", "a%2", "a%zz", "100%"])
def test_a_percent_sign_that_encodes_nothing_is_refused_with_its_place(text):
    with pytest.raises(BadKeyError, match=rf"character {text.index('%') + 1} "):
        decode(text)


def test_a_long_key_is_refused_with_the_bound():
    assert len(decode("%ff" * MOST_KEY_BYTES)) == MOST_KEY_BYTES
    with pytest.raises(BadKeyError) as caught:
        decode("k" * (MOST_KEY_BYTES + 1))
    assert str(MOST_KEY_BYTES) in caught.value.allowed
