import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from charts_py.fleet.scalar import resolve


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("", None), ("~", None), ("null", None), ("true", True), ("FALSE", False),
        ("0", 0), ("-7", -7), ("+7", 7), ("0x1F", 31), ("1.37", 1.37), ("1e3", 1000.0), (".5", 0.5),
        ("-.inf", -math.inf), ("3.0.0", "3.0.0"), ("2030-01-31", "2030-01-31"), ("us-east-1", "us-east-1"),
        ("10.0.0.0/8", "10.0.0.0/8"), ("16Gi", "16Gi"), ("y", "y"), ("::1", "::1"),
    ],
)  # fmt: skip
def test_a_word_means_what_yaml_1_2_says(word: str, value: Any) -> None:
    assert resolve(word) == (value, None)
    assert type(resolve(word)[0]) is type(value)


@pytest.mark.parametrize(
    "word",
    [
        "yes",
        "No",
        "ON",
        "off",
        "010",
        "-01",
        "0o17",
        "0b101",
        "1:30",
        "1_000",
        "190:20:30.15",
        "+0x1f",
        "0x_1",
        "0._",
        "1.0_0",
        ".5_",
    ],
)
def test_a_word_that_yaml_1_1_reads_differently_is_refused(word: str) -> None:
    value, reason = resolve(word)
    assert value == word
    assert reason is not None
    assert "quotes" in reason


def test_a_switch_word_names_the_spelling_that_all_readers_share() -> None:
    reason = 'some YAML readers take off for false, others for text; write false, or "off" in quotes'
    assert resolve("off") == ("off", reason)


def test_a_number_too_long_to_be_one_costs_no_arithmetic() -> None:
    assert (
        resolve("9" * 100_000)[1] == "a number of more than 30 digits; put it in quotes where text is meant"
    )


@given(st.text(alphabet="0123456789_:.+-xobeEinfaN", max_size=8))
def test_where_the_two_yamls_disagree_on_a_number_it_is_refused(word: str) -> None:
    value, reason = resolve(word)
    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, word, (True, False))  # type: ignore[no-untyped-call]  # no stub
    if reason is None and isinstance(value, int):
        assert tag == "tag:yaml.org,2002:int"
    if reason is None and isinstance(value, str):
        assert tag in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")
