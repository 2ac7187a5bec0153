from bench.acp import page
from bench.acp.goals import Cell
from bench.acp.load import Load
from bench.acp.timing import Failover, Timing

LOAD = Load(puts=10, rate=10.0, p50=0.1, p99=0.2)
CELL = Cell(size=3, rtt_ms=50.0, clients=16, ours=[LOAD], theirs=[LOAD], gateway=[LOAD])
FOUND = Timing(
    heartbeat_ms=150,
    election_ms=1500,
    settled_s=200,
    watched_s=600,
    elections=0,
    moves=1,
    failovers=[Failover(api_s=2.5, etcd_s=2.4)],
)


def test_a_part_that_is_measured_anew_leaves_the_other_as_it_was():
    first = page.merged("", page.TIMING, page.adaptive(FOUND, [], ["run one"]))
    both = page.merged(first, page.PUTS, page.puts([CELL], ["5 members: no line"], ["run two"]))
    assert "run one" in both and "run two" in both
    anew = page.merged(both, page.PUTS, page.puts([CELL], [], ["run three"]))
    assert "run one" in anew and "run two" not in anew and "5 members" not in anew
    assert anew.count("## Puts") == anew.count("## Adaptive timing") == anew.count("## How it was") == 1


def test_parts_stand_in_the_same_order_whichever_was_measured_last():
    first = page.merged("", page.PUTS, page.puts([CELL], [], ["run"]))
    second = page.merged("", page.TIMING, page.adaptive(FOUND, [], ["run"]))
    assert page.merged(first, page.TIMING, page.adaptive(FOUND, [], ["run"])) == page.merged(
        second, page.PUTS, page.puts([CELL], [], ["run"])
    )


def test_the_same_part_written_twice_gives_the_same_page():
    section = page.puts([CELL], [], ["run"])
    once = page.merged("", page.PUTS, section)
    assert page.merged(once, page.PUTS, section) == once


def test_a_part_without_a_figure_says_why():
    assert "**not measured**: no line" in page.adaptive(None, ["no line"], ["run"])
