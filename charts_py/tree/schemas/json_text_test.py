from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from charts_py.tree.schemas.json_text import compact_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(VALUES, st.integers(min_value=1, max_value=120))
def test_the_text_holds_the_same_value_at_any_width(value, width):
    assert json.loads(compact_json(value, width=width)) == value


@given(VALUES, st.integers(min_value=1, max_value=120))
def test_a_line_is_only_wider_than_allowed_if_it_holds_one_value(value, width):
    for line in compact_json(value, width=width).splitlines():
        text = line.strip().rstrip(",")
        if len(line.rstrip(",")) > width and text not in ("{", "}", "[", "]"):
            bare = text.partition(": ")[2] if text.startswith('"') and ": " in text else text
            assert not bare.startswith(("{", "[")) or bare in ("{", "[", "{}", "[]")


def test_key_order_of_the_input_does_not_show():
    assert compact_json({"b": 1, "a": 2}) == compact_json({"a": 2, "b": 1}) == '{"a": 2, "b": 1}\n'


def test_a_change_of_one_leaf_changes_one_line():
    before = compact_json({"a": {"x": 1, "y": 2}, "b": [3]}, width=16).splitlines()
    after = compact_json({"a": {"x": 1, "y": 2}, "b": [4]}, width=16).splitlines()
    assert [line for line, other in zip(before, after, strict=True) if line != other] == [' "b": [3]']
