import io

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from charts_py.tree import scalar

_texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.text(alphabet=" \n\t#:-'\"\\|>&*!%@`{}[],?a1.eE_+~=<", min_size=1, max_size=12),
    st.from_regex(r"[A-Za-z0-9/.:_-]{1,12}", fullmatch=True),
)


@given(_texts)
def test_whatever_stands_plain_is_a_string_to_libyaml_too(text: str) -> None:
    written = scalar.line(text)

    if not written.startswith(('"', "'")):
        assert yaml.safe_dump(text, width=10**9, allow_unicode=True).startswith(f"{text}\n")


@given(st.lists(_texts, min_size=2, max_size=4).map("\n".join), st.integers(min_value=0, max_value=6))
def test_a_block_means_its_text_at_any_depth(text: str, depth: int) -> None:
    indent = "  " * depth
    document = "".join(f"{'  ' * level}k:\n" for level in range(depth))

    loaded = yaml.safe_load(io.StringIO(f"{document}{indent}k: {scalar.lines(text, indent)}\n"))

    for _ in range(depth + 1):
        loaded = loaded["k"]
    assert loaded == text


@given(_texts)
def test_a_line_is_one_line(text: str) -> None:
    assert "\n" not in scalar.line(text)


def test_the_lines_of_a_block_move_with_their_key_and_empty_ones_stay_empty() -> None:
    assert scalar.lines("a\n\n  b\n", "    ") == "|\n      a\n\n        b"


@pytest.mark.parametrize("text", ["\ud800", "a\n\ud800"])
def test_half_a_surrogate_pair_is_refused_in_every_form(text: str) -> None:
    with pytest.raises(scalar.MisfitError, match="surrogate"):
        scalar.lines(text, "") if "\n" in text else scalar.line(text)
