import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.consensus.conditions_text import BadConditionError, expected


@given(st.integers(1, 2**63 - 1))
def test_a_tag_that_an_answer_bore_is_a_condition(revision):
    assert expected(f'"{revision}"', None) == revision


def test_no_header_is_no_condition_and_a_star_is_a_key_that_is_not_there():
    assert expected(None, None) is None
    assert expected(None, "*") == 0


@pytest.mark.parametrize(
    ("if_match", "if_none_match"),
    [
        ("12", None),
        ('W/"12"', None),
        ('"0"', None),
        ('"-1"', None),
        ('"1", "2"', None),
        ("*", None),
        ('"9223372036854775808"', None),
        ('"٣"', None),
        (None, '"12"'),
        ('"1"', "*"),
    ],
)
def test_a_condition_that_would_be_taken_for_another_is_refused(if_match, if_none_match):
    with pytest.raises(BadConditionError, match="If-"):
        expected(if_match, if_none_match)


@given(st.text(max_size=30))
def test_any_other_text_is_refused_and_nothing_else_happens(text):
    with contextlib.suppress(BadConditionError):
        assert expected(text, None) > 0
