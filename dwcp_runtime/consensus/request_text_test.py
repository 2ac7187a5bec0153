import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.consensus import request_text
from dwcp_runtime.consensus.answers import Refused


@given(st.text(max_size=80) | st.text("&=%f19٣é", max_size=9).map("/x?b={}".format))
def test_any_target_gives_values_or_a_refusal(target):
    try:
        found = request_text.query(target, frozenset({"a", "b"}))
        request_text.number(found, "a", default=1, most=9)
        request_text.decoded(found.get("b", ""), "b")
    except Refused:
        return
    assert set(found) <= {"a", "b"}


@pytest.mark.parametrize("raw", ["-1", "10", "1_0", " 1", "٣", "9" * 40, ""])
def test_what_is_no_number_in_bounds_is_refused(raw):
    with pytest.raises(Refused):
        request_text.number({"n": raw}, "n", default=1, most=9)
