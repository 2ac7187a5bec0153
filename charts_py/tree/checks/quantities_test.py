from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts_py.tree.checks.quantities import SUFFIXES, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500m", Fraction(1, 2)),
        ("16Gi", Fraction(16 * 1024**3)),
        ("1.5k", Fraction(1500)),
        ("1e3", Fraction(1000)),
        ("1E", Fraction(10**18)),
        (2, Fraction(2)),
        (0.5, Fraction(1, 2)),
        (".5", Fraction(1, 2)),
    ],
)
def test_a_quantity_is_an_exact_number(text: object, value: Fraction) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    "text", ["", "Gi", "1gi", "1 Gi", "1KiB", None, True, [], float("nan"), float("inf")]
)
def test_what_is_no_quantity_is_none(text: object) -> None:
    assert parse(text) is None


@given(st.integers(0, 10**12), st.sampled_from(sorted(SUFFIXES)))
def test_every_suffix_scales_its_number(number: int, suffix: str) -> None:
    assert parse(f"{number}{suffix}") == number * SUFFIXES[suffix]


@given(st.text())
def test_any_text_is_a_number_or_none(text: str) -> None:
    assert parse(text) is None or isinstance(parse(text), Fraction)
