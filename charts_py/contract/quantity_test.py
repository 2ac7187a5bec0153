from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts_py.contract.quantity import canonical, parse, total


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("500m", "500m"),
        ("16", "16"),
        ("2000", "2k"),
        ("1600", "1600"),
        ("1024Mi", "1Gi"),
        ("1000Mi", "1000Mi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("1024", "1024"),
        ("1.5m", "1500u"),
        ("0Gi", "0"),
        ("1000000k", "1G"),
    ],
)
def test_a_quantity_is_spelled_as_the_api_server_stores_it(written: str, stored: str):
    assert canonical(written) == stored


@given(st.integers(0, 10**6), st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi", "Ti"]))
def test_the_canonical_spelling_names_the_same_amount_and_is_a_fixed_point(number: int, suffix: str):
    written = f"{number}{suffix}"
    assert parse(canonical(written)).nano == parse(written).nano
    assert canonical(canonical(written)) == canonical(written)


@pytest.mark.parametrize("text", ["", "1e3", "-1", "1 Gi", "Gi", "1gi", "1Gi\n"])
def test_what_is_no_quantity_is_refused(text: str):
    with pytest.raises(ValueError, match="is no quantity"):
        parse(text)


def test_sums_and_products_are_exact():
    assert str(total([parse("16").times(101), parse("500m"), parse("100m").times(3)])) == "1616800m"
    assert str(parse("1").times(Fraction(11, 10))) == "1100m"
    assert str(total([parse("1Gi"), parse("512Mi")])) == "1536Mi"
    assert str(parse("1500m").rounded_up()) == "2"
    assert str(parse("1.3Gi").rounded_up()) == "1332Mi"
