from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.consensus import key_call
from dwcp_runtime.consensus.answers import Refused
from dwcp_runtime.consensus.key_call import FRONT, KeyRead, KeyWrite

NONE = {"origin": None, "if_match": None, "if_none_match": None}


@given(st.binary(max_size=200), st.integers(0, (1 << 63) - 1))
def test_a_read_is_of_the_bytes_that_the_path_stands_for(key, revision):
    target = f"{FRONT}{quote_from_bytes(key, safe='')}?revision={revision}"
    assert key_call.read(target) == KeyRead(key=key, revision=revision)


def test_a_write_bears_its_condition():
    headers = {**NONE, "if_match": '"7"'}
    expected = KeyWrite(key=b"a", deletes=True, expected=7)
    assert key_call.write(FRONT + "a", deletes=True, **headers) == expected


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("http://host/v1/keys/a", {}),
        (FRONT + "a?revision=1", {}),
        (FRONT + "a%f", {}),
        (FRONT + "a", {"origin": "http://evil.example"}),
        (FRONT + "a", {"origin": ""}),
        (FRONT + "a", {"if_match": "7"}),
    ],
)
def test_a_write_that_says_anything_else_is_refused(target, headers):
    with pytest.raises(Refused):
        key_call.write(target, deletes=False, **{**NONE, **headers})
