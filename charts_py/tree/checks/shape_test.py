import pytest

from charts_py.tree.checks.shape import at, mapping, mappings, number, string_map, text, texts

VALUE = {"a": {"b": [1, {"c": "d"}, "e"], "n": 3, "t": True}}


def test_what_is_there_is_read() -> None:
    assert at(VALUE, "a", "n") == number(VALUE, "a", "n") == 3
    assert list(mappings(VALUE, "a", "b")) == [(1, {"c": "d"})]
    assert list(texts(VALUE, "a", "b")) == [(2, "e")]
    assert text({"x": "y"}, "x") == "y"
    assert string_map({"x": "y", "z": 1}) == {"x": "y"}


@pytest.mark.parametrize("value", [None, [], "text", 7, {"a": []}, {"a": "text"}, VALUE])
def test_a_shape_that_is_not_expected_reads_as_nothing(value: object) -> None:
    path = ("a", "t", "x")
    assert at(value, *path) is None
    assert mapping(value, *path) == {} == string_map(value, *path)
    assert list(mappings(value, *path)) == list(texts(value, *path)) == []
    assert text(value, *path) == ""
    assert number(value, "a", "t") is None
