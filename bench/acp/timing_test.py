from bench.acp.timing import Failover, Timing, verdicts


def timing(*failovers_s: float | None, elections: int = 0, watched_s: float = 600) -> Timing:
    return Timing(
        heartbeat_ms=150,
        election_ms=1500,
        settled_s=60,
        watched_s=watched_s,
        elections=elections,
        moves=0,
        failovers=[Failover(api_s=seconds, etcd_s=seconds) for seconds in failovers_s],
    )


def words(found: Timing) -> list[str]:
    return [each.word for each in verdicts(found)]


def test_timing_is_reached_by_ten_calm_minutes_and_every_failover_in_time():
    assert words(timing(2.9, 1.9)) == ["reached", "reached"]


def test_fewer_calm_minutes_give_no_figure_and_one_election_loses():
    assert words(timing(watched_s=60))[0] == "no figure"
    assert words(timing(elections=1, watched_s=60))[0] == "LOST"


def test_one_failover_that_took_too_long_or_never_came_loses_and_is_counted():
    assert words(timing(2.0, 3.1))[1] == "LOST"
    assert words(timing(2.0, None))[1] == "LOST"
    assert verdicts(timing(2.0, 2.2, None))[1].figures == "2 of 3 kills within 3.00 s; median 2.20 s"


def test_without_a_kill_there_is_no_figure():
    assert words(timing())[1] == "no figure"


def test_the_text_lists_every_kill_and_marks_those_over_the_bound():
    rows = [line.split("|")[1:5] for line in timing(2.0, 3.1).text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert cells[2:] == [
        ["1", "2.00 s", "2.00 s", ""],
        ["2", "3.10 s", "3.10 s", "OVER"],
        ["median", "3.10 s", "3.10 s", "1 of 2 over"],
    ]
