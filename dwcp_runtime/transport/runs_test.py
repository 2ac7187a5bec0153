from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.transport.runs import runs_of


@given(st.sets(st.integers(0, 200)))
def test_runs_hold_exactly_the_numbers_and_do_not_touch(numbers):
    runs = runs_of(numbers)

    assert {index for start, count in runs for index in range(start, start + count)} == numbers
    assert all(before[0] + before[1] < after[0] for before, after in pairwise(runs))
