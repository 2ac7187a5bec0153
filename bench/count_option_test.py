import argparse

import pytest

from bench.count_option import count


def test_a_count_is_one_or_more() -> None:
    assert count("12") == 12
    for wrong in ("0", "-1", "1.5", "many", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="at least 1"):
            count(wrong)
