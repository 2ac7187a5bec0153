import re
from collections.abc import Iterator
from typing import Any

import pytest

from charts_py.contract.setting import matches
from charts_py.fleet.shape import written_shape
from charts_py.fleet.spellings import spelling


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for entry in schema.values():
            yield from patterns(entry)


ALL = sorted(set(patterns(written_shape())))


@pytest.mark.parametrize("pattern", ALL)
def test_every_pattern_of_the_settings_is_explained_in_words(pattern: str) -> None:
    assert not spelling(pattern).startswith("text that matches")


@pytest.mark.parametrize("pattern", [p for p in ALL if ", as in " in spelling(p)])
def test_the_example_given_is_one_that_would_be_accepted(pattern: str) -> None:
    example = re.split(r"[ ,]", spelling(pattern).rsplit(", as in ", 1)[1])[0]
    assert matches(pattern, example)
