from bench.measure import Run
from bench.table import Row, markdown


def _row(*runs: Run) -> str:
    return markdown([Row(size="10", tool="x", checks="-", runs=runs)]).splitlines()[-1]


def test_a_row_gives_the_median_the_extremes_and_the_worst_memory() -> None:
    runs = [Run(wall_s=wall, cpu_s=1.0, peak_bytes=int(wall * 10e6)) for wall in (9.0, 1.0, 2.0)]

    assert "2.00 s (1.00-9.00)" in _row(*runs)
    assert "90 MB" in _row(*runs)


def test_a_run_that_was_ended_gives_a_bound_and_no_time() -> None:
    row = _row(Run(wall_s=600.1, cpu_s=500.0, peak_bytes=1, cut=True))

    assert "more than 600 s" in row
    assert "(" not in row
