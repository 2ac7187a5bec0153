from bench.acp.goals import Cell, of_cells
from bench.acp.load import Load


def load(rate: float, failed: int = 0) -> Load:
    return Load(puts=1, rate=rate, p50=0.1, p99=0.1, failed=failed)


def cell(ours: float, *, rtt_ms: float = 0, failed: int = 0) -> Cell:
    return Cell(
        size=3,
        rtt_ms=rtt_ms,
        clients=16,
        ours=[load(ours, failed)],
        theirs=[load(100)],
        gateway=[load(90)],
    )


def test_each_yardstick_of_a_line_is_judged_by_its_worst_cell():
    own, gateway = of_cells([cell(75), cell(80)])
    assert (own.word, gateway.word) == ("LOST", "reached")
    assert own.figures == "1 of 2 cells; not with 3 members with 16 clients (75%)"


def test_a_put_that_failed_loses_the_goal():
    assert [each.word for each in of_cells([cell(100, failed=1)])] == ["LOST", "LOST"]


def test_lines_are_judged_apart():
    assert [each.word for each in of_cells([cell(50), cell(100, rtt_ms=50)])] == ["LOST"] * 2 + [
        "reached"
    ] * 2
