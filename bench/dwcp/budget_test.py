from bench.dwcp.budget import schedule
from bench.dwcp.profiles import MATRIX


def test_what_fits_stays_within_the_minutes() -> None:
    plan = schedule(MATRIX, ("raw", "image", "loopback", "memory"), minutes=60, seconds=10, runs=2)

    assert 0 < len(plan.others) < len(MATRIX)
    assert plan.seconds <= 60 * 60


def test_with_enough_time_the_others_run_on_every_line() -> None:
    assert schedule(MATRIX, ("raw",), minutes=1000, seconds=10, runs=2).others == frozenset(MATRIX)


def test_ours_and_iperf3_run_on_every_line_even_without_time() -> None:
    plan = schedule(MATRIX, ("raw",), minutes=0, seconds=10, runs=2)

    assert not plan.others
    assert plan.seconds >= len(MATRIX) * 10 * 2


def test_parts_that_are_not_run_take_no_time() -> None:
    assert schedule(MATRIX, ("loopback",), minutes=45, seconds=10, runs=2).seconds < 5 * 60
