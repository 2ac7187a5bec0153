import subprocess

import pytest

from bench.acp.guard import guarded
from bench.acp.load import LoadError


@pytest.mark.parametrize(
    "error",
    [
        LoadError("no put"),
        KeyError("header"),
        StopIteration(),
        ValueError("no number"),
        ZeroDivisionError("no rate"),
        TimeoutError("too late"),
        subprocess.TimeoutExpired("etcd", 5),
    ],
)
def test_what_can_go_wrong_in_a_measurement_is_noted_and_the_next_one_goes_on(error):
    problems: list[str] = []
    with guarded("3 members", problems):
        raise error
    (problem,) = problems
    assert problem.startswith("3 members: ")


def test_a_fault_of_the_benchmark_itself_is_not_hidden():
    with pytest.raises(TypeError), guarded("3 members", []):
        raise TypeError
