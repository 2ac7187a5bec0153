from bench.dwcp import cells
from bench.dwcp.transfer import Nothing, Runs, Transfer
from bench.measure import Run


def _transfer(wall: float, *, cut: bool = False, said: str = "") -> Transfer:
    run = Run(wall_s=wall, cpu_s=1, peak_bytes=1, cut=cut)
    return Transfer(size=125_000_000, sender=run, receiver=run, wire_bytes=None, said=said)


def test_a_tool_that_is_not_here_is_said_to_be_missing_and_not_left_out() -> None:
    runs = Runs(tool="borg", outcomes=(Nothing(reason="borg: not found here"),))

    assert cells.rates(runs) == cells.walls(runs) == "borg: not found here"


def test_a_run_that_was_ended_gives_a_bound() -> None:
    assert cells.rates(Runs(tool="scp", outcomes=(_transfer(10, cut=True),))) == "< 100"


def test_several_runs_give_the_median_and_the_extremes() -> None:
    runs = Runs(tool="x", outcomes=tuple(_transfer(wall) for wall in (1, 2, 10)))

    assert cells.rates(runs) == "500 (100-1000)"


def test_what_ours_said_last_counts_and_other_lines_are_passed_over() -> None:
    said = '{"streams": 1}\nsome warning\n{"streams": 4, "elapsed": 2.0}\nend of it\n'
    runs = Runs(tool="dwcp", outcomes=(_transfer(3, said=said), _transfer(3, said="nothing")))

    assert cells.own(runs, "streams") == "4, ?"
    assert cells.own_clock(runs) == 62_500_000


def test_a_failure_is_told_even_where_other_runs_went_well() -> None:
    runs = Runs(tool="x", outcomes=(_transfer(1), Nothing(reason="failed: boom")))

    assert cells.reasons([runs]) == ["x: failed: boom"]
